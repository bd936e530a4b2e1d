// The overview: is data arriving, is it leaving, what is broken, and what to do about it.
import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { type StatusSeen, statusQuery } from "../../api/status";
import { Failed } from "../../parts/Asked";
import { Icon } from "../../parts/Icon";
import { Time, useNow } from "../../parts/Time";
import { RemovedOnes } from "../destination/RemovedOnes";
import { Attempts } from "./Attempts";
import { Destinations } from "./Destinations";
import { noEventsYet } from "./FirstEvent";
import { FirstSteps } from "./FirstSteps";
import { health } from "./health";
import { LastHour } from "./LastHour";
import { Numbers } from "./Numbers";
import { Rejections } from "./Rejections";
import { Sources } from "./Sources";
import { Storage } from "./Storage";

function HealthLine({ status, serverNowMs }: { status: StatusSeen; serverNowMs: number }) {
  const { sentence, advice, shape, tone } = health(status, serverNowMs);
  return (
    <div className="health" data-tone={tone}>
      <Icon name={shape} size={22} />
      <div>
        <p className="health-sentence">{sentence}</p>
        {advice && <p className="health-advice">{advice}</p>}
      </div>
      <p className="as-of">
        As of <Time at={status.now} />
      </p>
      {/* Spoken only when the verdict changes, not with each count. */}
      <span className="offscreen" role="status">
        {tone === "good" ? "All is well" : sentence.split(",")[0]}
      </span>
    </div>
  );
}

function Loading() {
  return (
    <div className="page" aria-busy="true">
      <h1 className="offscreen">Overview</h1>
      <Skeleton height={48} />
      <Skeleton height={92} />
      <Skeleton height={180} />
      <Skeleton height={260} />
    </div>
  );
}

export function Overview() {
  const { data: status, error, refetch } = useQuery(statusQuery());
  const now = useNow();
  useEffect(() => {
    document.title = "Overview · Postrider";
  }, []);
  if (!status) {
    if (!error) return <Loading />;
    return (
      <div className="page">
        <h1 className="offscreen">Overview</h1>
        <Failed what="how things are" error={error} retry={() => void refetch()} />
      </div>
    );
  }
  // Countdowns run on the server's clock, which need not agree with this one.
  const serverNowMs = Date.parse(status.now) + Math.max(0, now - status.seenAtMs);
  return (
    <div className="page">
      <h1 className="offscreen">Overview</h1>
      <HealthLine status={status} serverNowMs={serverNowMs} />
      <FirstSteps status={status} />
      <Numbers status={status} serverNowMs={serverNowMs} />
      {!noEventsYet(status) && <LastHour asOf={status.now} />}
      <Destinations destinations={status.destinations} serverNowMs={serverNowMs} />
      <RemovedOnes removed={status.removed} />
      <Sources status={status} />
      <Storage status={status} />
      <Attempts destinations={status.destinations} />
      <Rejections sources={status.sources} />
    </div>
  );
}
