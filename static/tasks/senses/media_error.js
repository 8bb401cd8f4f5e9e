// @ts-check
/** What is wrong with a picture, a sound, a camera or a microphone. The page has the sentences. */

import { FileError } from "../parts/file_error.js";

/**
 * @typedef {'unknown-kind' | 'too-large' | 'too-many-pixels' | 'too-long' | 'damaged' | 'silent' | 'too-many' | 'denied' | 'no-device' | 'busy'
 *   | 'insecure'} Problem `silent`: there are no samples
 */

/** @extends {FileError<Problem>} */
export class MediaError extends FileError {}
