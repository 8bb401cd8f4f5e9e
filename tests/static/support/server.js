/** A local http server for one file, or parts of it (`/model/0-1000`), which misbehaves as a test says: each request takes the next of its answers. */

import { once } from "node:events";
import { createServer } from "node:http";

/**
 * @typedef {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse, content: Buffer) => void} Answer
 */

/**
 * Serves `content` honestly once `answers` are used up. Closes with the test.
 * @param {import('node:test').TestContext} t
 * @param {Buffer} content
 * @param {Answer[]} [answers]
 * @returns {Promise<{url: string, requests: string[], answers: Answer[], cut: () => void}>} `requests`: the range of each, or "";
 *   `cut` breaks the connections that there are
 */
export async function serve(t, content, answers = []) {
  /** @type {string[]} */
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request.headers.range ?? "");
    const part = /\/(\d+)-(\d+)$/.exec(request.url ?? "");
    (answers.shift() ?? honest)(request, response, part ? content.subarray(Number(part[1]), Number(part[2])) : content);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}/model`, requests, answers, cut: () => server.closeAllConnections() };
}

/** @param {import('node:http').IncomingMessage} request */
function firstByte(request) {
  return Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
}

/** The byte behind the last one that is asked for. @param {import('node:http').IncomingMessage} request @param {Buffer} content */
function lastByte(request, content) {
  const last = /^bytes=\d+-(\d+)$/.exec(request.headers.range ?? "")?.[1];
  return last ? Math.min(Number(last) + 1, content.length) : content.length;
}

/** A range where one is asked for, as RFC 9110 says. @type {Answer} */
export function honest(request, response, content) {
  cutAfter(Infinity)(request, response, content);
}

/** The connection breaks after so many bytes of the answer, of which the client may not have read all. @param {number} bytes @returns {Answer} */
export function cutAfter(bytes) {
  return (request, response, content) => {
    const [from, end] = [firstByte(request), lastByte(request, content)];
    const isPart = from > 0 || end < content.length;
    response.writeHead(isPart ? 206 : 200, {
      "Content-Length": end - from,
      ETag: '"the-file"',
      ...(isPart ? { "Content-Range": `bytes ${from}-${end - 1}/${content.length}` } : {}),
    });
    const rest = content.subarray(from, Math.min(from + bytes, end));
    response.write(rest, () => (from + rest.length < end ? response.destroy() : response.end()));
  };
}

/** The whole file, whatever was asked for. @type {Answer} */
export function whole(_, response, content) {
  response.writeHead(200, { "Content-Length": content.length });
  response.end(content);
}

/** A range, but one that begins so many bytes away from what was asked for. @param {number} distance @returns {Answer} */
export function displaced(distance) {
  return (request, response, content) => {
    const from = firstByte(request) + distance;
    response.writeHead(206, { "Content-Range": `bytes ${from}-${content.length - 1}/${content.length}` });
    response.end(content.subarray(from));
  };
}

/** @param {number} code @param {Record<string, string>} [headers] @param {string} [body] @returns {Answer} */
export function status(code, headers = {}, body = "") {
  return (_, response) => {
    response.writeHead(code, headers);
    response.end(body);
  };
}

/** The connection is there, and nothing comes. @type {Answer} */
export function silent() {}

/** So many bytes come, and then nothing. @param {number} bytes @returns {Answer} */
export function stalledAfter(bytes) {
  return (request, response, content) => {
    const from = firstByte(request);
    response.writeHead(from ? 206 : 200, {
      "Content-Length": content.length - from,
      ...(from ? { "Content-Range": `bytes ${from}-${content.length - 1}/${content.length}` } : {}),
    });
    response.write(content.subarray(from, from + bytes));
  };
}

/** Breaks off before an answer. @type {Answer} */
export function hangUp(request) {
  request.socket.destroy();
}
