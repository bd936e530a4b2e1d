// SDKs of browsers as senders, see clients.mjs. They tell a page nothing of what became of an event,
// so what they were answered counts.

const VISITOR = "visitor";

const isOf =
  ({ userId, sender, n }) =>
  (event) =>
    event.userId === userId && event.properties?.sender === sender && event.properties.n === n;

/** What the last request with this event was answered; undefined while it waits. */
function answerTo(wire, isWanted) {
  const requests = wire.exchanges.filter((one) => one.events.some(isWanted));
  if (requests.some((one) => one.status === 200)) return 200;
  const last = requests.at(-1);
  return last?.isCut ? "cut" : last?.status;
}

/** The SDK tries again until it is answered 200. */
const untilDelivered = (answer) => (answer === 200 ? null : undefined);

/** The SDK never looks at an answer. */
const asAnswered = (answer) => (answer === 200 ? null : answer);

function pageSender({ site, options, judge }) {
  return async (url, { wire }) => {
    const visitor = await site.visitor(VISITOR);
    const settled = (isWanted) => judge(answerTo(wire, isWanted));
    await visitor.come(url, options);
    await visitor.identify();
    await wire.until(
      () => settled((event) => event.type === "identify") === null,
      "the page has said who visits",
    );
    const send = async (steps) => {
      await visitor.take(steps);
      const outcomes = () => steps.map((step) => settled(isOf(step)));
      await wire.until(
        () => outcomes().every((one) => one !== undefined),
        () => `the page's requests are answered: ${outcomes()}`,
      );
      return outcomes();
    };
    return { send, close: () => visitor.close() };
  };
}

/** An SDK that tries again; `options` are those of its `load`. */
export const pageClient = (name, site, options = {}) => ({
  name,
  needs: "browser",
  users: [VISITOR],
  open: pageSender({ site, options, judge: untilDelivered }),
});

/** An SDK that leaves sending to the browser, and never hears an answer. */
export const beaconClient = (name, site, options) => ({
  name,
  needs: "browser",
  users: [VISITOR],
  open: pageSender({ site, options, judge: asAnswered }),
});
