// @ts-check
/** What time it is, here or elsewhere, by the browser's own time zones. Pure, but for them. */

import { ToolFault } from "../fault.js";

/** What cannot be told. */
export class ClockError extends ToolFault {
  name = "ClockError";
}

/** Cities and countries with one zone that are not the last word of a zone's name. @type {Record<string, string>} */
const PLACES = {
  utc: "UTC", gmt: "UTC", beijing: "Asia/Shanghai", china: "Asia/Shanghai", shenzhen: "Asia/Shanghai", guangzhou: "Asia/Shanghai", osaka: "Asia/Tokyo", kyoto: "Asia/Tokyo", japan: "Asia/Tokyo",
  mumbai: "Asia/Kolkata", delhi: "Asia/Kolkata", "new delhi": "Asia/Kolkata", bangalore: "Asia/Kolkata", bengaluru: "Asia/Kolkata", calcutta: "Asia/Kolkata", india: "Asia/Kolkata", hanoi: "Asia/Ho_Chi_Minh", saigon: "Asia/Ho_Chi_Minh",
  "abu dhabi": "Asia/Dubai", "tel aviv": "Asia/Jerusalem", israel: "Asia/Jerusalem", turkey: "Europe/Istanbul", korea: "Asia/Seoul", "south korea": "Asia/Seoul", thailand: "Asia/Bangkok", taiwan: "Asia/Taipei", kyiv: "Europe/Kiev",
  munich: "Europe/Berlin", hamburg: "Europe/Berlin", cologne: "Europe/Berlin", frankfurt: "Europe/Berlin", germany: "Europe/Berlin", france: "Europe/Paris", lyon: "Europe/Paris", italy: "Europe/Rome", milan: "Europe/Rome", barcelona: "Europe/Madrid",
  geneva: "Europe/Zurich", bern: "Europe/Zurich", switzerland: "Europe/Zurich", austria: "Europe/Vienna", poland: "Europe/Warsaw", netherlands: "Europe/Amsterdam", belgium: "Europe/Brussels", sweden: "Europe/Stockholm", norway: "Europe/Oslo",
  denmark: "Europe/Copenhagen", finland: "Europe/Helsinki", greece: "Europe/Athens", ireland: "Europe/Dublin", edinburgh: "Europe/London", manchester: "Europe/London", uk: "Europe/London", "united kingdom": "Europe/London", england: "Europe/London",
  "new york city": "America/New_York", nyc: "America/New_York", boston: "America/New_York", washington: "America/New_York", "washington dc": "America/New_York", miami: "America/New_York", atlanta: "America/New_York", philadelphia: "America/New_York",
  "san francisco": "America/Los_Angeles", seattle: "America/Los_Angeles", "san diego": "America/Los_Angeles", "las vegas": "America/Los_Angeles", "silicon valley": "America/Los_Angeles", houston: "America/Chicago", dallas: "America/Chicago", austin: "America/Chicago",
  montreal: "America/Toronto", ottawa: "America/Toronto", rio: "America/Sao_Paulo", "rio de janeiro": "America/Sao_Paulo", brasilia: "America/Sao_Paulo", "cape town": "Africa/Johannesburg", canberra: "Australia/Sydney", wellington: "Pacific/Auckland",
};

/**
 * @param {{place?: string}} asked a city, some countries, or a time zone; "" for here
 * @param {Date} now
 */
export function timeAt({ place = "" }, now) {
  const timeZone = zoneOf(place);
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", { timeZone, weekday: "long", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "longOffset" })
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  );
  const offset = parts.timeZoneName.replace("GMT", "UTC");
  return { time: `${parts.hour}:${parts.minute}`, date: `${parts.year}-${parts.month}-${parts.day}`, weekday: parts.weekday, time_zone: timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone, offset };
}

/** @param {string} place @returns {string | undefined} undefined for here; ClockError where none is known */
function zoneOf(place) {
  const given = place.trim();
  const [city] = given.toLowerCase().replace(/[.’']/g, "").split(",");
  const name = city.trim();
  if (!name || /^(?:here|local|local time|current|now)$/.test(name)) return undefined;
  const known = Object.hasOwn(PLACES, name) ? PLACES[name] : null;
  const zones = Intl.supportedValuesOf("timeZone");
  const found = zones.find((zone) => zone.toLowerCase() === given.toLowerCase().replaceAll(" ", "_")) ?? known ?? zones.find((zone) => zone.slice(zone.lastIndexOf("/") + 1).replaceAll("_", " ").toLowerCase() === name);
  if (found) return found;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: given }).resolvedOptions().timeZone; // an older name of a zone, or an offset
  } catch {
    throw new ClockError("no-zone", given.slice(0, 60));
  }
}
