// Child process of step e: an endpoint that notes when each event arrives.
//
// It reads HTTP by hand, because a full HTTP server would add its own time to what is measured.
// Out over IPC: its port; then, when asked, number and time of arrival of every event.

import { createServer } from "node:net";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const arrivals = [];

function fail(error) {
  process.send({ error: error.message }, () => process.exit(1));
}

function take(socket) {
  let text = "";
  socket.setNoDelay(true);
  socket.setEncoding("latin1");
  socket.on("error", () => {
    // The server ended and closed the connection in its own way.
  });
  socket.on("data", (chunk) => {
    const at = Number(process.hrtime.bigint());
    text += chunk;
    for (let end = endOfRequest(text); end > 0; end = endOfRequest(text)) {
      socket.write(ANSWER);
      const found = /"n":(\d+),"sent_ns":/.exec(text);
      if (!found) fail(new Error("an event arrived without its number"));
      arrivals.push([Number(found[1]), at]);
      text = text.slice(end);
    }
  });
}

/** Where the first request ends; 0 where it is not complete. */
function endOfRequest(text) {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return 0;
  const length = /^content-length: (\d+)/im.exec(text.slice(0, headEnd));
  if (!length) fail(new Error("a request came without a length"));
  const end = headEnd + 4 + Number(length[1]);
  return text.length < end ? 0 : end;
}

const server = createServer(take);
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("message", (wish) => {
  if (wish === "count") process.send({ count: arrivals.length });
  else process.send({ arrivals });
});
process.on("disconnect", () => process.exit(0));
