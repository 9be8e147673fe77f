import type { Output } from "@pulumi/pulumi";
import type { OpenaiPath } from "./paths";

/** An OpenAI-compatible server. */
export interface OpenaiSettings {
    endpoints: { address: string; weight: number }[];
    /** Longest wait between two bytes of an answer, in seconds. */
    answerTimeoutSeconds: number;
    /** Whether to skip servers that do not answer. @default false */
    failover?: boolean;
    paths: OpenaiPath[];
    /** Models of the stack, of which a caller may use all or some. */
    models: string[];
    /** Models of the callers that may use only some, by the name of the caller. */
    callerModels: Record<string, string[]>;
    /** Largest request body, in bytes. */
    maxBodyBytes: number;
    /** Key of the server; secret. Default: requests to the server have no key. */
    serverKey?: Output<string>;
}
