// One request as it arrived: re-indented, raw, its headers, its query.
import { ActionIcon, Tabs } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { FeedRow } from "../../live/feed";
import { Copy } from "../../parts/Copy";
import { bytes, counted, exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Icon } from "../../parts/Icon";
import { JsonView } from "../../parts/JsonView";
import { prettyText } from "../../parts/json";
import { Kind } from "../../parts/Kind";
import { Pairs } from "../../parts/Pairs";
import { Nothing } from "../../parts/Panel";
import { Time } from "../../parts/Time";
import { FACES, type Face } from "./routes";

function FaceBody({ row, face }: { row: FeedRow; face: Face }) {
  switch (face) {
    case "pretty":
      return row.body === "" ? (
        <Nothing title="No body" />
      ) : (
        <JsonView key={row.number} text={row.body} />
      );
    case "raw":
      return row.body === "" ? (
        <Nothing title="No body" />
      ) : (
        <pre className="raw">
          <Hostile text={row.body} layout="asSent" />
        </pre>
      );
    case "headers":
      return <Pairs pairs={row.headers} empty="No headers" />;
    case "query":
      return <Pairs pairs={[...new URLSearchParams(row.query)]} empty="No query" />;
  }
}

function copyOf(row: FeedRow, face: Face): { what: string; text: () => string } {
  switch (face) {
    case "pretty":
      return { what: "re-indented body", text: () => prettyText(row.body) };
    case "raw":
      return { what: "body", text: () => row.body };
    case "headers":
      return { what: "headers", text: () => row.headers.map((pair) => pair.join(": ")).join("\n") };
    case "query":
      return { what: "query", text: () => row.query };
  }
}

interface Props {
  row: FeedRow;
  face: Face;
  /** Whether the newest request is shown because none was chosen. */
  following: boolean;
  onFace: (face: Face) => void;
  onClose: () => void;
}

export function RequestDetail({ row, face, following, onFace, onClose }: Props) {
  const words: Record<Face, string> = {
    pretty: "Pretty",
    raw: "Raw",
    headers: "Headers",
    query: "Query",
  };
  const back = useRef<HTMLButtonElement>(null);
  // On narrow screens the list gives way to this view, and with it goes the focus.
  useEffect(() => {
    if (!following && back.current?.offsetParent) back.current.focus();
  }, [following]);
  return (
    <>
      <header className="detail-head">
        <ActionIcon
          ref={back}
          className="detail-back"
          variant="subtle"
          color="gray"
          aria-label="Back to the list"
          onClick={onClose}
        >
          <Icon name="back" />
        </ActionIcon>
        <div className="detail-title">
          <h2>
            <Kind kind={row.kind} />{" "}
            {row.title ? <Hostile text={row.title} /> : <span className="none">no name</span>}
          </h2>
          <p className="secondary">
            Request {exact(row.number)}
            {following && " (the newest)"} at <Time at={row.at} />,{" "}
            <code>
              <Hostile text={`${row.method} ${row.path}`} />
            </code>
            , {bytes(row.body_bytes)}
            {row.user && (
              <>
                , {row.anonymous ? "anonymous user" : "user"} <Hostile text={row.user} />
              </>
            )}
          </p>
        </div>
      </header>
      <Tabs
        value={face}
        onChange={(value) => FACES.includes(value as Face) && onFace(value as Face)}
        className="faces"
      >
        <div className="faces-bar">
          <Tabs.List>
            {FACES.map((each) => (
              <Tabs.Tab key={each} value={each}>
                {words[each]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Copy {...copyOf(row, face)} caption="Copy" />
        </div>
        {FACES.map((each) => (
          <Tabs.Panel key={each} value={each} tabIndex={0} className="face">
            {each === face && (
              <>
                {row.truncated && (each === "pretty" || each === "raw") && (
                  <p className="note">
                    Only the beginning is kept: {counted(row.body_bytes, "byte")} arrived.
                  </p>
                )}
                <FaceBody row={row} face={each} />
              </>
            )}
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}
