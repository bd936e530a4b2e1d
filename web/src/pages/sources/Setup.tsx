// How to send to a source: its key and address, a snippet for each SDK, and what has come so far.
import { Button, Loader, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import guide from "../../../../docs/guides/sdks.md?raw";
import { eventsQuery } from "../../api/events";
import { useMay } from "../../api/me";
import { rejectionsQuery } from "../../api/rejections";
import type { Source, StatusSeen } from "../../api/status";
import { SAMPLE_EVENT, sendTestEvent } from "../../api/testEvents";
import { Command } from "../../parts/Command";
import { Copy } from "../../parts/Copy";
import { curlLine } from "../../parts/curl";
import { EventLink } from "../../parts/EventName";
import { count, span } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Icon } from "../../parts/Icon";
import { Panel } from "../../parts/Panel";
import { useServerNow } from "../../parts/useServerNow";
import { SdkSeen } from "./SdkSeen";
import { captionOf, filled, snippetsOf } from "./snippets";

const CURL = "curl";

/** What has come of this source, so that one sees that it works. */
function Seen({ source }: { source: Source }) {
  const { data } = useQuery(eventsQuery({ source: source.id }, 1));
  const now = useServerNow();
  const latest = data?.events[0];
  if (!latest) {
    return (
      <p className="waits" role="status">
        <Loader size={14} aria-hidden="true" />
        Waiting for the first event…
      </p>
    );
  }
  const ago = Math.max(0, now - Date.parse(latest.accepted_at));
  return (
    <p className="seen">
      <Icon name="tick" />
      <span>
        We saw an event of this source {ago < 1_000 ? "just now" : `${span(ago)} ago`}:{" "}
        <Hostile text={latest.name || latest.type} /> (<EventLink seq={latest.seq} />)
      </span>
    </p>
  );
}

function TestButton({ source }: { source: Source }) {
  const may = useMay("edit");
  const test = useMutation({
    mutationFn: () => sendTestEvent(source.id, SAMPLE_EVENT),
  });
  if (!may) return null;
  return (
    <div className="buttons">
      <Button
        size="compact-sm"
        variant="default"
        loading={test.isPending}
        onClick={() => test.mutate()}
      >
        Send a test event
      </Button>
      <Link to="/sources/$id" params={{ id: source.id }} search={{ tab: "test" }}>
        Compose one
      </Link>
      <span role="status">
        {test.error && (
          <span className="refused">
            <Hostile text={test.error.message} />
          </span>
        )}
        {test.data && (
          <>
            Sent.{" "}
            <Link to="/events/$id" params={{ id: test.data.message_id }}>
              See what became of it
            </Link>
          </>
        )}
      </span>
    </div>
  );
}

/** Refusals that may be the events one looks for: of this source, and of nobody that is known. */
function NotSeen({ source }: { source: Source }) {
  const { data } = useQuery(rejectionsQuery());
  const near = (data?.counts ?? []).filter(
    (each) => each.source === null || each.source === source.id,
  );
  return (
    <details className="more">
      <summary>Don't see your events?</summary>
      <ul className="advice">
        {near.map((each) => (
          <li key={`${each.source} ${each.reason} ${each.about}`}>
            <strong>{count(each.count)} refused</strong> <Hostile text={each.sentence} />{" "}
            {each.about && <Hostile text={`(${each.about})`} />}
          </li>
        ))}
        <li>
          Browsers and phones need a third setting beside key and address: without it they ask
          RudderStack first, and send nothing.
        </li>
        <li>
          Ad blockers stop requests that look like analytics: try without, or by your own host.
        </li>
        <li>The address must be reachable from where the SDK runs, over TLS from phones.</li>
      </ul>
    </details>
  );
}

export function Setup({ source, status }: { source: Source; status: StatusSeen }) {
  const snippets = useMemo(() => snippetsOf(guide), []);
  const [chosen, setChosen] = useState(CURL);
  const [url, setUrl] = useState(status.gateway_url);
  const key = source.write_keys[0] ?? "";
  const snippet = snippets.find((each) => captionOf(each, snippets) === chosen);
  const captions = [CURL, ...new Set(snippets.map((each) => captionOf(each, snippets)))];
  const text = snippet ? filled(snippet.text, key, url) : curlLine(url, key);
  return (
    <Panel title="Send events to this source">
      <div className="first">
        <Seen source={source} />
        <dl className="facts setup-facts">
          <dt>Write key</dt>
          <dd className="key">
            <code>
              <Hostile text={key || "none is valid"} />
            </code>
            {key && <Copy what="write key" text={key} />}
          </dd>
        </dl>
        <div className="fields setup-fields">
          <NativeSelect
            size="xs"
            label="Send with"
            value={chosen}
            onChange={(event) => setChosen(event.currentTarget.value)}
            data={captions}
          />
          <TextInput
            size="xs"
            label="Data plane URL"
            description="As it can be reached from there."
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
        </div>
        <Command text={text} what={`${chosen} snippet`} />
        <SdkSeen source={source.id} caption={chosen} />
        {snippet?.group === "Phones" && url.startsWith("http:") && (
          <p className="note">
            Phones want TLS: give the gateway a certificate, or a proxy that has one.
          </p>
        )}
        <TestButton source={source} />
      </div>
      <NotSeen source={source} />
    </Panel>
  );
}
