// @ts-check
/** JSON in a text, and how deep a value is. Pure. */

/** After the bracket that closes the one at `start`; -1 where there is none. @param {string} text @param {number} start */
export function endOf(text, start) {
  let open = 0;
  let quoted = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character === "\\") at += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "{" || character === "[") open += 1;
    else if (character === "}" || character === "]") {
      open -= 1;
      if (open === 0) return at + 1;
    }
  }
  return -1;
}

/** Levels of arrays and objects; a level at a time, so that none is too deep. @param {unknown} value */
export function depthOf(value) {
  let depth = 0;
  let level = [value];
  while ((level = level.filter((each) => typeof each === "object" && each !== null)).length) {
    depth += 1;
    level = level.flatMap((each) => Object.values(/** @type {object} */ (each)));
  }
  return depth;
}
