// What a newcomer does first: a source, an event, a destination; each ticked as soon as it is there.
import { Button, Loader } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { makeObject } from "../../api/catalog";
import { useMay } from "../../api/me";
import type { Status } from "../../api/status";
import { SAMPLE_EVENT, sendTestEvent } from "../../api/testEvents";
import { Command } from "../../parts/Command";
import { counted } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Icon } from "../../parts/Icon";
import { Panel } from "../../parts/Panel";
import { AddSource } from "../sources/AddSource";
import { firstCurl, noEventsYet } from "./FirstEvent";

/** Which of the steps are done. */
export function stepsDone(status: Status) {
  const source = status.sources.some((each) => each.enabled);
  const event = !noEventsYet(status);
  const connected = new Set(
    status.connections.filter((each) => each.enabled).map((each) => each.destination),
  );
  const destination = status.destinations.some((each) => each.enabled && connected.has(each.id));
  const delivered = status.destinations.some(
    (each) => each.delivered_first_try + each.delivered_on_retry > 0,
  );
  return { source, event, destination, delivered };
}

interface StepProps {
  title: string;
  done: boolean;
  children?: ReactNode;
}

function Step({ title, done, children }: StepProps) {
  return (
    <li className="step" data-done={done || undefined}>
      <Icon name={done ? "tick" : "ring"} size={20} />
      <div className="step-body">
        <h3>
          {title}
          <span className="offscreen">{done ? ", done" : ", to be done"}</span>
        </h3>
        {!done && children}
      </div>
    </li>
  );
}

function SendStep({ status }: { status: Status }) {
  const cache = useQueryClient();
  const may = useMay("edit");
  const source = status.sources.find((each) => each.enabled);
  const send = useMutation({
    mutationFn: (id: string) => sendTestEvent(id, SAMPLE_EVENT),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["status"] }),
  });
  const curl = firstCurl(status);
  if (!source) return <p>It takes a source first.</p>;
  return (
    <>
      <p>
        From a terminal, from an SDK (
        <Link to="/sources/$id" params={{ id: source.id }}>
          snippets
        </Link>
        ){may ? ", or from here:" : ":"}
      </p>
      {may && (
        <Button size="compact-sm" loading={send.isPending} onClick={() => send.mutate(source.id)}>
          Send a test event
        </Button>
      )}
      {send.error && (
        <p className="refused" role="alert">
          <Hostile text={send.error.message} />
        </p>
      )}
      {curl && <Command text={curl} what="curl line" />}
      <p className="waits" role="status">
        <Loader size={14} aria-hidden="true" />
        Waiting for the first event…
      </p>
      {status.rejected > 0 && (
        <p className="note">
          {counted(status.rejected, "request")} arrived and {status.rejected === 1 ? "was" : "were"}{" "}
          rejected: the reasons are below.
        </p>
      )}
    </>
  );
}

/** Makes a destination that shows what it gets, and leads a source's events there. */
async function addPlayground(source: string): Promise<void> {
  const { id } = await makeObject("destinations", {
    name: "Playground",
    type: "WEBHOOK",
    config: { webhookUrl: "playground://demo", webhookMethod: "POST" },
  });
  await makeObject("connections", { source, destination: id });
}

function DestinationStep({ status }: { status: Status }) {
  const cache = useQueryClient();
  const may = useMay("edit");
  const source = status.sources.find((each) => each.enabled);
  const add = useMutation({
    mutationFn: (id: string) => addPlayground(id),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["status"] }),
  });
  if (!may) return <p>An editor adds one.</p>;
  return (
    <>
      <p>The built-in playground shows what a destination would get:</p>
      <Button
        size="compact-sm"
        disabled={!source}
        loading={add.isPending}
        onClick={() => source && add.mutate(source.id)}
      >
        Use the built-in playground
      </Button>
      {add.error && (
        <p className="refused" role="alert">
          <Hostile text={add.error.message} />
        </p>
      )}
    </>
  );
}

export function FirstSteps({ status }: { status: Status }) {
  const may = useMay("edit");
  const [adding, setAdding] = useState(false);
  const done = stepsDone(status);
  if (done.source && done.event && done.destination && done.delivered) return null;
  // Who has long delivered need not be told how to begin when something was switched off.
  if (done.delivered) return null;
  const playground = status.destinations.find((each) => each.playground !== null)?.playground;
  return (
    <Panel title={done.event ? "Nearly there" : "No events yet"}>
      <ol className="steps first">
        <Step title="Create a source" done={done.source}>
          {may && (
            <Button size="compact-sm" onClick={() => setAdding(true)}>
              Add a source
            </Button>
          )}
        </Step>
        <Step title="Send an event" done={done.event}>
          <SendStep status={status} />
        </Step>
        <Step title="Add a destination" done={done.destination}>
          <DestinationStep status={status} />
        </Step>
        <Step title="See it delivered" done={done.delivered}>
          {done.event && done.destination && (
            <p className="waits" role="status">
              <Loader size={14} aria-hidden="true" />
              Waiting for the first delivery…
            </p>
          )}
          {playground && (
            <p>
              <Link to="/play/$id" params={{ id: playground }}>
                Open the playground
              </Link>
            </p>
          )}
        </Step>
      </ol>
      {adding && <AddSource onClose={() => setAdding(false)} />}
    </Panel>
  );
}
