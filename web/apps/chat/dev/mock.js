/** A stand-in for the gateway with sample data, for work on the look: `npx vite --mode mock`, then /c/sample or /m/sample. */
import { fixtures } from "./fixtures.js";

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const json = (response, status, body) => {
  response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" });
  response.end(JSON.stringify(body));
};

const bodyOf = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString() || "{}");
};

/** The token picks the scene: `sample`, `booked`, `gone`, `down`, `human`. */
function chat() {
  const scenes = new Map();
  const streams = new Set();
  const sceneOf = (token) => {
    if (!scenes.has(token)) scenes.set(token, fixtures.scene(token));
    return scenes.get(token);
  };
  const emit = (token, event, data, id) =>
    streams.forEach((stream) => {
      if (stream.token !== token) return;
      stream.response.write(`${id ? `id: ${id}\n` : ""}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    });
  const add = (token, message) => {
    const { messages } = sceneOf(token);
    const full = { seq: (messages.at(-1)?.seq ?? 0) + 1, id: crypto.randomUUID(), created_at: new Date().toISOString(), ...message };
    messages.push(full);
    emit(token, "message", full, full.seq);
    return full;
  };
  const answer = (token, text) => {
    const pieces = ["Thanks, I have noted it. ", "Ceramic film for a sedan takes about three hours. ", `(You wrote: ${text})`];
    emit(token, "typing", { on: true });
    pieces.forEach((piece, index) => setTimeout(() => emit(token, "delta", { reply_id: "r1", text: piece }), 900 + index * 600));
    setTimeout(() => add(token, { author: "assistant", text: pieces.join("") }), 3200);
  };
  const openStream = (token, request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(": hello\n\nretry: 1000\n\n");
    const stream = { token, response };
    streams.add(stream);
    if (token === "typing") setTimeout(() => emit(token, "typing", { on: true }), 100);
    const beat = setInterval(() => response.write(": beat\n\n"), 15_000);
    request.on("close", () => {
      clearInterval(beat);
      streams.delete(stream);
    });
  };
  return { sceneOf, add, answer, openStream };
}

export function mockApi() {
  const { sceneOf, add, answer, openStream } = chat();
  const handle = async (request, response, next) => {
    const { pathname, searchParams } = new URL(request.url, "http://mock");
    if (!pathname.startsWith("/api/")) return next();
    const token = (request.headers.authorization ?? "").replace("Bearer ", "");
    if (token === "gone") return json(response, 404, { title: "Not found", status: 404, code: "not_found" });
    if (token === "down") return json(response, 503, { title: "Unavailable", status: 503, code: "unavailable" });
    if (pathname === "/api/chat/session/me") return json(response, 200, sceneOf(token));
    if (pathname === "/api/chat/stream") return openStream(token, request, response);
    if (pathname === "/api/chat/messages") {
      const after = Number(searchParams.get("after"));
      return json(response, 200, { messages: sceneOf(token).messages.filter(({ seq }) => seq > after) });
    }
    if (pathname === "/api/chat/message") {
      const { client_id, text, action } = await bodyOf(request);
      if (token === "unsent" || text === "fail") return json(response, 503, { status: 503, code: "unavailable" });
      const message = add(token, { author: "customer", text: text ?? fixtures.labelOf(action), client_id });
      answer(token, message.text);
      return json(response, 202, { message });
    }
    if (pathname === "/api/booking/manage") return json(response, 200, fixtures.manage(token));
    if (pathname === "/api/booking/slots") return json(response, 200, fixtures.openTimes());
    if (pathname === "/api/links/renew") return json(response, 202, { status: "accepted" });
    if (pathname.endsWith("/move")) {
      const { start } = await bodyOf(request);
      return json(response, 200, { status: "booked", start, end: new Date(Date.parse(start) + 3 * 3600_000).toISOString() });
    }
    if (pathname.endsWith("/cancel")) return json(response, 200, { status: "cancelled" });
    if (pathname.endsWith("/calendar.ics")) return response.end("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n");
    return json(response, 404, { status: 404 });
  };
  return {
    name: "mock-api",
    configureServer: ({ middlewares }) => void middlewares.use(handle),
    configurePreviewServer: ({ middlewares }) => {
      middlewares.use((request, response, next) => {
        response.setHeader("Content-Security-Policy", CSP);
        next();
      });
      middlewares.use(handle);
    },
  };
}
