// One dot per destination: its shape, colour and word say where the delivery stands.
import type { DeliveryNotice } from "../../live/rows";
import { exact } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { deliveryLook } from "../../parts/words";

const words = ({ status, http_status, duration_us, sentence, attempt }: DeliveryNotice) => {
  const { word } = deliveryLook(status);
  if (status === "delivered") {
    return `${word}, ${http_status} in ${exact(Math.round(duration_us / 1_000))} ms, attempt ${attempt}`;
  }
  return sentence ? `${word}: ${sentence}` : word;
};

interface Props {
  deliveries: readonly DeliveryNotice[];
  nameOf: (destination: string) => string;
}

export function Dots({ deliveries, nameOf }: Props) {
  return deliveries.map((notice) => {
    const { shape, tone } = deliveryLook(notice.status);
    const text = `${nameOf(notice.destination)}: ${words(notice)}`;
    return (
      <span key={notice.destination} className="state dot" data-tone={tone} title={text}>
        <Icon name={shape} />
        <span className="offscreen">{text}</span>
      </span>
    );
  });
}
