// Waiting for a state, with a deadline that names what did not happen.

/** Longest wait for anything. Only a failing test ever waits that long. */
const DEADLINE_MS = 30_000;

/** Between two looks at something that cannot tell by itself when it changes. */
const LOOK_AGAIN_MS = 20;

/** Settles as the promise does, or fails at the deadline. `what` may be a function. */
export async function within(promise, what, deadlineMs = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, fail) => {
    const text = () => (typeof what === "function" ? what() : what);
    const giveUp = () => fail(new Error(`not in ${deadlineMs} ms: ${text()}`));
    timer = setTimeout(giveUp, deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Something that changes, and wakes those who wait for a state of it. */
export class Changing {
  #waiting = new Set();

  /** To be called after every change. */
  changed() {
    for (const look of [...this.#waiting]) look();
  }

  /** Settles when `holds` answers something true, with that. */
  async until(holds, what, deadlineMs) {
    let look;
    const held = new Promise((settle, fail) => {
      look = () => {
        try {
          const answer = holds();
          if (answer) settle(answer);
        } catch (error) {
          fail(error);
        }
      };
    });
    this.#waiting.add(look);
    try {
      look();
      return await within(held, what, deadlineMs);
    } finally {
      this.#waiting.delete(look);
    }
  }
}

/** Asks again and again until `ask` answers something true, with that. */
export async function polled(ask, what) {
  let isOver = false;
  const asking = async () => {
    while (!isOver) {
      const answer = await ask();
      if (answer) return answer;
      await new Promise((settle) => setTimeout(settle, LOOK_AGAIN_MS));
    }
  };
  try {
    return await within(asking(), what);
  } finally {
    isOver = true;
  }
}
