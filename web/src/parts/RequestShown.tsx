// A request to an endpoint: where it goes, with which headers, and the body; ready to be made by hand.
import type { ShownRequest } from "../api/testEvents";
import { Copy } from "./Copy";
import { exact } from "./format";
import { Hostile } from "./Hostile";
import { JsonView } from "./JsonView";
import { Pairs } from "./Pairs";
import { Scroll } from "./Panel";
import { requestCurl } from "./requestCurl";

export function RequestShown({ request }: { request: ShownRequest }) {
  const { method, url, headers, body, body_bytes, cut } = request;
  return (
    <>
      <p className="request-line">
        <code>
          <Hostile text={`${method} ${url}`} />
        </code>
        <Copy what="request as curl" text={() => requestCurl(request)} caption="Copy as curl" />
      </p>
      <Pairs pairs={headers.map(({ name, value }) => [name, value])} empty="No headers" />
      {body_bytes === 0 ? (
        <p className="secondary">No body</p>
      ) : (
        <div className="request-body">
          <Scroll label="Body of the request">
            <JsonView text={body} />
          </Scroll>
          {cut && <p className="secondary">The beginning of {exact(body_bytes)} bytes.</p>}
        </div>
      )}
    </>
  );
}
