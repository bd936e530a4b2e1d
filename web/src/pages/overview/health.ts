// Turns a status into the one sentence at the top of the overview: is all well, and if not, what is wrong?
import type { Destination, Status } from "../../api/status";
import { count, counted, span } from "../../parts/format";
import type { Look } from "../../parts/words";

export interface Health extends Pick<Look, "shape" | "tone"> {
  sentence: string;
  /** What follows from it, or what to do; empty when nothing does. */
  advice: string;
}

const waitingOf = (destinations: Destination[]) =>
  destinations.reduce((sum, each) => sum + each.waiting, 0);

function retrySoon(retrying: Destination[], nowMs: number): string {
  const times = retrying.flatMap((each) => (each.next_retry_at ? [each.next_retry_at] : []));
  if (times.length === 0) return "";
  const first = Math.min(...times.map((at) => Date.parse(at)));
  return first <= nowMs ? "The next retry is due now." : `Next retry in ${span(first - nowMs)}.`;
}

const verb = (destinations: Destination[]) => (destinations.length === 1 ? "is" : "are");

/** What is wrong with endpoints that take nothing, in the words of their last failures. */
function failing(failing: Destination[], word: string, waits: string, advice: string): Health {
  const sentences = failing.flatMap((each) => (each.flow?.sentence ? [each.flow.sentence] : []));
  return {
    shape: "octagon",
    tone: "bad",
    sentence: `${named(failing)} ${verb(failing)} ${word}, ${waits}`,
    advice: [...new Set(sentences).values(), advice].join(" "),
  };
}

const named = (destinations: Destination[]) =>
  destinations.length <= 2
    ? destinations.map((each) => each.name || each.id).join(" and ")
    : `${count(destinations.length)} destinations`;

/** Judges the worst thing first; `nowMs` is the server's clock. */
export function health(status: Status, nowMs: number): Health {
  const { destinations } = status;
  if (destinations.length === 0) {
    return {
      shape: "dot",
      tone: "quiet",
      sentence: "There is no destination yet",
      advice: "Events are stored, and go nowhere until a destination is configured.",
    };
  }
  const waiting = waitingOf(destinations);
  const waits = `${counted(waiting, "event")} waiting`;
  const enabled = destinations.filter(
    (each) => each.state !== "disabled" && each.state !== "paused",
  );
  const stopped = enabled.filter((each) => each.state === "stopped");
  if (stopped.length > 0) {
    return failing(stopped, "stopped", waits, "Mend the settings, or try again: events are kept.");
  }
  const holding = enabled.filter((each) => each.state === "holding");
  if (holding.length > 0) {
    return failing(holding, "holding", waits, "The endpoint is probed; events are kept.");
  }
  const retrying = enabled.filter((each) => each.state === "retrying");
  if (retrying.length > 0) {
    return {
      shape: "clock",
      tone: "warn",
      sentence: `${named(retrying)} ${verb(retrying)} retrying, ${waits}`,
      advice: retrySoon(retrying, nowMs),
    };
  }
  if (enabled.length === 0) {
    return {
      shape: "slash",
      tone: "quiet",
      sentence: `Every destination is disabled or paused, ${waits}`,
      advice: "Nothing is delivered until one is enabled.",
    };
  }
  const lost = destinations.reduce((sum, each) => sum + each.gave_up + each.expired, 0);
  const off = destinations.length - enabled.length;
  const all =
    enabled.length === 1
      ? "1 destination healthy"
      : `All ${count(enabled.length)} destinations healthy`;
  return {
    shape: "tick",
    tone: "good",
    sentence: `${all}, ${waits}`,
    advice: [
      lost > 0 ? `${counted(lost, "delivery", "deliveries")} failed for good since the start.` : "",
      off > 0 ? `${counted(off, "destination")} disabled or paused.` : "",
    ]
      .filter(Boolean)
      .join(" "),
  };
}
