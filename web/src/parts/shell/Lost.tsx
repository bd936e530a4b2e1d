// Says that what is on the screen is old, how old, and why.
import { Problem } from "../../api/client";
import { span } from "../format";
import { Icon } from "../Icon";
import { Time, useNow } from "../Time";

export function Lost({ error, seenAtMs }: { error: Error; seenAtMs: number | undefined }) {
  const now = useNow();
  return (
    <div className="lost" role="alert">
      <Icon name="warning" />
      <p>
        <strong>
          {error instanceof Problem
            ? `The server reports an error: ${error.message}`
            : error.message}
        </strong>{" "}
        {seenAtMs !== undefined && (
          <>
            What you see is from <Time at={seenAtMs} />,{" "}
            <span aria-hidden="true">{span(now - seenAtMs)} ago</span>.{" "}
          </>
        )}
        Trying again every two seconds.
      </p>
    </div>
  );
}
