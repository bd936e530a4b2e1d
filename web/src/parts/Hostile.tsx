// Shows text that strangers wrote: as a text node, isolated from its neighbours' direction, and
// with the characters that would hide or reorder something as visible symbols.
import { Fragment } from "react";
import { type Layout, stretches } from "./visible";

interface Props {
  text: string;
  layout?: Layout;
}

export function Hostile({ text, layout = "oneLine" }: Props) {
  return (
    <bdi className="hostile">
      {stretches(text, layout).map((stretch, index) =>
        stretch.symbol ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: stretches have no identity but their place.
          <span key={index} className="symbol" title="A character that cannot be seen">
            {stretch.symbol}
          </span>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above.
          <Fragment key={index}>{stretch.text}</Fragment>
        ),
      )}
    </bdi>
  );
}
