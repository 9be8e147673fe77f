/** The components as a library, for programs of other teams: `npm run pack`. */
export { Callers, type CallersArgs } from "./callers";
export type { ConsumerSettings, Credential } from "./consumers/consumer";
export type { Limits } from "./consumers/limits";
