// @ts-check

/**
 * What is wrong with a file that a person opens: `code` for the page's own sentence, `detail` for where, or for what was found.
 * @template {string} Code
 */
export class FileError extends Error {
  /** @param {Code} code @param {string} [detail] */
  constructor(code, detail = "") {
    super(detail ? `${code}: ${detail}` : code);
    this.name = new.target.name;
    this.code = code;
    this.detail = detail;
  }
}
