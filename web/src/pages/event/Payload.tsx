// The payload of an event, as it was sent: indented, raw, or as a table of its values.
import { Button, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Problem } from "../../api/client";
import { payloadQuery } from "../../api/events";
import { useMay } from "../../api/me";
import { Asked, NoRight } from "../../parts/Asked";
import { Copy } from "../../parts/Copy";
import { Hostile } from "../../parts/Hostile";
import { JsonView } from "../../parts/JsonView";
import { prettyText } from "../../parts/json";
import { leaves } from "../../parts/leaves";
import { Nothing, Scroll } from "../../parts/Panel";
import { PAYLOAD_FACES, type PayloadFace } from "./routes";
import { sdkCall } from "./sdkCall";

const CAPTIONS: Record<PayloadFace, string> = { pretty: "Pretty", raw: "Raw", table: "Table" };
const LEAVES_MAX = 2_000;

function Leaves({ text }: { text: string }) {
  const found = useMemo(() => leaves(text, LEAVES_MAX), [text]);
  return (
    <>
      <Scroll label="Values of the payload">
        <table>
          <thead>
            <tr>
              <th scope="col">Path</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {found.map((leaf, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a key may come twice; order is identity.
              <tr key={index}>
                <th scope="row" className="leaf-path">
                  <Hostile text={leaf.path} />
                </th>
                <td className="wide">
                  <code data-token={leaf.kind}>
                    <Hostile text={leaf.text} />
                  </code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {found.length === LEAVES_MAX && <p className="note">The first {LEAVES_MAX} values.</p>}
    </>
  );
}

interface FacesProps {
  text: string;
  face: PayloadFace;
  onFace: (face: PayloadFace) => void;
}

function Faces({ text, face, onFace }: FacesProps) {
  return (
    <Tabs
      className="faces"
      value={face}
      onChange={(value) => onFace((value as PayloadFace | null) ?? "pretty")}
      keepMounted={false}
    >
      <div className="faces-bar">
        <Tabs.List aria-label="Payload as">
          {PAYLOAD_FACES.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {CAPTIONS[each]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <span className="buttons">
          <Copy
            what="payload"
            text={() => (face === "raw" ? text : prettyText(text))}
            caption="Copy"
          />
          <Copy what="SDK call" text={() => sdkCall(text)} caption="SDK call" />
        </span>
      </div>
      <Tabs.Panel value="pretty" className="face">
        <JsonView text={text} />
      </Tabs.Panel>
      <Tabs.Panel value="raw" className="face">
        <pre className="raw">
          <Hostile text={text} layout="asSent" />
        </pre>
      </Tabs.Panel>
      <Tabs.Panel value="table">
        <Leaves text={text} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Shown({ id, face, onFace }: Omit<FacesProps, "text"> & { id: string | number }) {
  const payload = useQuery(payloadQuery(id));
  if (payload.error instanceof Problem && payload.error.body.status === 410) {
    return (
      <Nothing title="The payload is gone">
        <p>{payload.error.message}</p>
      </Nothing>
    );
  }
  return (
    <Asked query={payload} what="the payload" right="payload">
      {(text) => <Faces text={text} face={face} onFace={onFace} />}
    </Asked>
  );
}

interface Props extends Omit<FacesProps, "text"> {
  id: string | number;
  /** Whether it is shown at once; else one asks for it, since each look is written down. */
  open: boolean;
}

export function Payload({ open, ...rest }: Props) {
  const may = useMay("payload");
  const [asked, setAsked] = useState(open);
  if (!may) return <NoRight right="payload" />;
  if (asked) return <Shown {...rest} />;
  return (
    <Nothing title="The payload is not shown yet">
      <p>Each look at a payload is written to the audit log.</p>
      <Button size="compact-sm" variant="default" onClick={() => setAsked(true)}>
        Show the payload
      </Button>
    </Nothing>
  );
}
