import type { Event } from './event';

/** A state machine over one stream. Pure: `decide` throws a DomainError or returns events, `evolve` never throws and never reads a clock. */
export interface Decider<State, Command, E extends Event> {
  initialState: State;
  /** @returns [] when it is already done */
  decide(command: Command, state: State): E[];
  evolve(state: State, event: E): State;
}

export const fold = <State, E extends Event>(decider: Pick<Decider<State, never, E>, 'initialState' | 'evolve'>, events: Iterable<E>): State => {
  let state = decider.initialState;
  for (const event of events) state = decider.evolve(state, event);
  return state;
};
