// Sends a test event: left what is sent and which way, right what came of it.
import { type UseMutationResult, useMutation, useQuery } from "@tanstack/react-query";
import { Problem } from "../../api/client";
import { useMay } from "../../api/me";
import { type StatusSeen, statusQuery } from "../../api/status";
import { type StraightTest, sendStraight, sendTestEvent } from "../../api/testEvents";
import { Asked, NoRight } from "../../parts/Asked";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel } from "../../parts/Panel";
import { Composer, type Wish } from "./Composer";
import { outcomeWords, Straight } from "./Straight";
import { Through } from "./Through";

type Outcome =
  | { way: "straight"; told: StraightTest }
  | { way: "source"; id: string; destination: string | undefined };

async function send({ way, source = "", destination = "", event }: Wish): Promise<Outcome> {
  if (way === "straight") return { way, told: await sendStraight(destination, event) };
  const { message_id } = await sendTestEvent(source, event);
  return { way, id: message_id, destination };
}

function Refused({ error }: { error: Error }) {
  const mistakes = error instanceof Problem ? (error.body.mistakes ?? []) : [];
  return (
    <div className="form" role="alert">
      <p className="refused">
        <Hostile text={error.message} />
      </p>
      {mistakes.map(({ field, detail }) => (
        <p className="refused" key={field}>
          <Hostile text={`${field} ${detail}`} />
        </p>
      ))}
    </div>
  );
}

/** What came of it in a line, for those who do not see it. */
function said({ data, error, isPending }: Sending): string {
  if (isPending) return "Sending…";
  if (error || !data) return "";
  if (data.way === "source") return "Stored";
  const { result } = data.told;
  return `${result.delivered ? "Delivered" : "Failed"}: ${outcomeWords(result)}`;
}

type Sending = Pick<UseMutationResult<Outcome, Error, Wish>, "data" | "error" | "isPending">;

function Came({ sending }: { sending: Sending }) {
  const { data, error, isPending } = sending;
  if (data?.way === "source" && !error) {
    return <Through key={data.id} id={data.id} destination={data.destination} />;
  }
  return (
    <Panel title="What came of it">
      {error && <Refused error={error} />}
      {!error && data?.way === "straight" && <Straight told={data.told} />}
      {!error && !data && (
        <Nothing title={isPending ? "Sending…" : "Nothing was sent yet"}>
          <p>The request, the answer and how long it took are shown here.</p>
        </Nothing>
      )}
    </Panel>
  );
}

/** Of which page it is a part: there one end is given, and the others are what is connected to it. */
export type Of = { source: string } | { destination: string };

function ends(status: StatusSeen, of: Of) {
  const joined = (one: { source: string; destination: string }) =>
    "source" in of ? one.source === of.source : one.destination === of.destination;
  const connections = status.connections.filter(joined);
  const isGiven = (id: string) => ("source" in of ? of.source : of.destination) === id;
  const named = <T extends { id: string; name: string }>(
    all: T[],
    side: "source" | "destination",
  ) =>
    all.filter(({ id }) =>
      side in of ? isGiven(id) : connections.some((one) => one[side] === id),
    );
  return {
    sources: named(status.sources, "source"),
    destinations: named(status.destinations, "destination"),
  };
}

function Halves({ of, status }: { of: Of; status: StatusSeen }) {
  const sending = useMutation({ mutationFn: send });
  return (
    <div className="halves">
      <Composer
        {...ends(status, of)}
        first={"source" in of ? "source" : "straight"}
        pending={sending.isPending}
        onSend={sending.mutate}
      />
      <div className="beside-main">
        <span className="offscreen" role="status">
          {said(sending)}
        </span>
        <Came sending={sending} />
      </div>
    </div>
  );
}

export function Tester({ of }: { of: Of }) {
  const may = useMay("edit");
  const query = useQuery(statusQuery());
  if (!may) return <NoRight right="edit" />;
  return (
    <Asked query={query} what="the status">
      {(status) => <Halves of={of} status={status} />}
    </Asked>
  );
}
