// A state as word, shape and colour together, so that none of the three has to be seen alone.
import { Icon } from "./Icon";
import type { Look } from "./words";

export function State({ look }: { look: Look }) {
  return (
    <span className="state" data-tone={look.tone}>
      <Icon name={look.shape} />
      {look.word}
    </span>
  );
}
