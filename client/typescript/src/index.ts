/** Calls an Alpa / OPT-175B service with an API key, a JWT or a Cloudflare service token. */
export { ApiKey, ServiceToken, type ServiceTokenOptions } from "./auth.js";
export {
    Client,
    type Completions,
    type CompletionsOptions,
    type FileOptions,
    type Logprobs,
    type LogprobsOptions,
    type Prompt,
} from "./client.js";
export type { Credential } from "./credential.js";
export * from "./errors.js";
export { Jwt } from "./jwt.js";
export type { JwtOptions } from "./jwt-source.js";
export type { PrivateKeyAlgorithm } from "./jwt-material.js";
export type { CallOptions } from "./post.js";
export type { ClientOptions, Seen } from "./settings.js";
