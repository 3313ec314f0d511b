import { type Decider, type Event, fold } from '@talon/event-sourcing';
import { DomainError } from '@talon/kernel';

/**
 * Given / when / then for a decider, in a Jest spec:
 * `given(requested).when(cancel).then(cancelled)` or `.thenRefused('booking/not-found')`. `then()` without events expects that
 * nothing is left to do. Returns nothing to wait for, so it may be the body of an `it`.
 */
export function specFor<State, Command, E extends Event>(decider: Decider<State, Command, E>) {
  const decideAfter = (history: E[], command: Command) => {
    const state = fold<State, E>(decider, history);
    const before = structuredClone(state);
    const decided = decider.decide(command, state);
    // A decider that changes its input passes every other check and fails in production, where states are cached.
    expect(state).toEqual(before);
    return decided;
  };
  return {
    given: (...history: E[]) => ({
      when: (command: Command) => ({
        /** The decision is exactly these events, in this order; undefined properties do not count. */
        then(...expected: E[]): void {
          expect(decideAfter(history, command)).toEqual(expected);
        },
        /** The decision is a DomainError with this code, e.g. `booking/not-found`. */
        thenRefused(code: string): void {
          expect(refusalOf(() => decideAfter(history, command))).toBe(code);
        },
        /** Folds the history and the decision, for checks on the state itself. */
        state(): State {
          return fold<State, E>(decider, [...history, ...decideAfter(history, command)]);
        },
      }),
    }),
  };
}

function refusalOf(decide: () => Event[]): string {
  let events: Event[];
  try {
    events = decide();
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
  return `not refused, decided ${JSON.stringify(events)}`;
}
