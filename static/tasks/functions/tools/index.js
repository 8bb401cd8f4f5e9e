// @ts-check
/**
 * The tools that come with the page. Each has a name and a description for the model, in English, a JSON Schema of its arguments, and what
 * it does. None goes to the network, and none runs what a model wrote.
 *
 * @typedef {object} Services what tools use of the page
 * @property {() => Date} now
 * @property {import('../../task.js').PageControls} page
 * @property {import('../../task.js').TaskContext['searchDocuments']} searchDocuments
 * @property {import('./units.js').Table} units
 * @property {(act: () => void) => void} later when the answer is finished
 *
 * @typedef {object} Tool
 * @property {string} name as the model writes it
 * @property {string} description
 * @property {import('../../parts/schema.js').Schema} parameters
 * @property {import('../../parts/schema.js').Schema | null} [returns] of an own tool's result, where it says one
 * @property {boolean} own whether the person has made it: then the person gives its result
 * @property {(values: Record<string, any>, services: Services) => unknown} [run] may throw ToolFault, or a promise of either
 */

import { ToolFault } from "../fault.js";
import { evaluate } from "./arithmetic.js";
import { timeAt } from "./clock.js";
import { converted } from "./units.js";

/** Passages of documents that a tool gives, and characters of each. */
const MAX_PASSAGES = 3;
const MAX_PASSAGE = 400;

/** @param {Record<string, object>} properties @param {string[]} [required] @returns {import('../../parts/schema.js').Schema} */
const object = (properties, required = Object.keys(properties)) => ({ type: "object", properties, required, additionalProperties: false });
const text = (/** @type {string} */ description, more = {}) => ({ type: "string", description, maxLength: 500, ...more });

/** @param {string[]} languages codes that the page can be shown in @returns {Tool[]} */
export function builtIn(languages) {
  /** @type {Tool[]} */
  const tools = [
    {
      name: "get_time",
      description: "Tells the current time, date and weekday, here or in a city.",
      parameters: object({ place: text("A city such as Tokyo, or a time zone such as Europe/Paris. Leave it out for here.") }, []),
      run: (values, { now }) => timeAt(values, now()),
      own: false,
    },
    {
      name: "calculate",
      description: "Computes an arithmetic expression exactly. Use it for every calculation, also for percentages.",
      parameters: object({ expression: text("For example 12.5 * 3, 15% of 80, or sqrt(2) + 2^10") }),
      run({ expression }) {
        const { text: result, exact } = evaluate(expression);
        return { result: numeric(result), ...(!exact && { rounded: true }) };
      },
      own: false,
    },
    {
      name: "convert_units",
      description: "Converts a value from one unit to another: length, mass, temperature, volume, area, speed, time, data, energy, power, pressure.",
      parameters: object({ value: { type: "number", description: "The value to convert" }, from: text("Its unit, such as miles"), to: text("The unit that is wanted, such as km") }),
      run(values, { units }) {
        const { value: result, unit, exact } = converted(units, /** @type {{value: number, from: string, to: string}} */ (values));
        return { result: numeric(result), unit, ...(!exact && { rounded: true }) };
      },
      own: false,
    },
    {
      name: "set_theme",
      description: "Changes how this page looks: light, dark, or as the system is set.",
      parameters: object({ theme: { type: "string", description: "The theme", enum: ["light", "dark", "system"] } }),
      run({ theme }, { page }) {
        page.set("theme", theme);
        return { theme };
      },
      own: false,
    },
    {
      name: "search_documents",
      description: "Searches the documents that the person has added to this page, and gives the passages that were found.",
      parameters: object({ query: text("Words to look for") }),
      async run({ query }, { searchDocuments }) {
        const { documents, hits } = await searchDocuments(query, MAX_PASSAGES);
        if (!documents) throw new ToolFault("no-documents");
        return { found: hits.map(({ place, text: passage }) => ({ place, text: passage.length > MAX_PASSAGE ? `${passage.slice(0, MAX_PASSAGE)}…` : passage })) };
      },
      own: false,
    },
  ];
  if (languages.length > 1) {
    tools.splice(4, 0, {
      name: "set_language",
      description: "Changes the language in which this page is shown.",
      parameters: object({ language: { type: "string", description: "The code of the language", enum: languages } }),
      run({ language }, { page, later }) {
        later(() => page.set("language", language)); // the task is mounted anew then
        return { language };
      },
      own: false,
    });
  }
  return tools;
}

/**
 * What comes of a tool. Whatever goes wrong in it is said, and breaks nothing.
 * @param {Tool} tool
 * @param {Record<string, unknown>} values that fit its schema
 * @param {Services} services
 * @returns {Promise<{result: unknown} | {fault: ToolFault}>}
 */
export async function runTool(tool, values, services) {
  try {
    return { result: await tool.run?.(values, services) };
  } catch (error) {
    return { fault: error instanceof ToolFault ? error : new ToolFault("failed") };
  }
}

/** A number where a number can say it, else its digits. @param {string} digits */
function numeric(digits) {
  return String(Number(digits)) === digits ? Number(digits) : digits;
}
