import * as z from "zod";
import { ALPA_BATCH } from "../../../components/route/request-guard";
import { cluster } from "../../keys/cluster/schema";
import { azure } from "../../keys/exposure/azure-schema";
import { answerKeys, exposureKeys, requiredExposureKeys } from "../../keys/exposure/schema";
import { consumer, limits } from "../../keys/consumers/schema";
import { convert } from "../../keys/convert";
import { opt } from "../../keys/opt";
import { gateway } from "../../keys/gateway";
import { got } from "../../problems";
import { tls } from "../../keys/tls/schema";
import {
    chartName,
    consumersFile,
    DEFAULT_NAMESPACE,
    dnsLabel,
    endpoint,
    maxOverlapDays,
    pathPrefix,
    pinned,
    positive,
    text,
    url,
} from "../../values";

/** Waits, unless a stack says otherwise. */
export const DEFAULT_READINESS = { graphTimeoutSeconds: 2700, acceptTimeoutSeconds: 120, settleSeconds: 15 };

/** Prompt and answer together that Alpa takes, in tokens, unless a stack says otherwise. */
export const DEFAULT_CONTEXT_TOKENS = 1024;

/** Each worker of the gateway holds a body in memory while the guard reads it. */
const MOST_BODY_BYTES = 1_048_576;

const rampartInstall = z.strictObject({
    repository: url.describe("Address of the private chart repository."),
    chart: chartName.default("rampart").describe("Name of the chart in it."),
    version: pinned.describe("Exact chart version."),
    credentialsSecret: dnsLabel
        .describe("Secret with `username` and `password` of the repository, in `rampart.install.namespace`.")
        .optional(),
    namespace: dnsLabel.default("rampart-system").describe("Namespace Rampart runs in."),
});

/** Keys of option intra-a, without the project's prefix. `docs/configuration.md` is compared with this. */
export const intraSchema = z.strictObject({
    option: z
        .literal("intra-a")
        .describe("Which of the designs this stack is: `intra-a`, a gateway on the nodes of Alpa."),
    exposure: z
        .enum(["azure", "cloudflare"])
        .default("azure")
        .describe(
            "How callers reach the entry point: `azure` leaves DNS and load balancer as they are, `cloudflare` has a tunnel.",
        ),
    namespace: dnsLabel.default(DEFAULT_NAMESPACE).describe("Namespace of routes, consumers and credentials."),
    cluster,
    alpa: z
        .strictObject({
            endpoints: z
                .array(endpoint)
                .min(1, { error: "must name at least one Alpa service. Write for example [10.20.96.188:20001]" })
                .describe("`host:port` of each Alpa service, as seen from the cluster. The first serves `/logprobs`."),
            answerTimeoutSeconds: positive("a time in seconds")
                .optional()
                .describe(
                    "Longest time one answer may take, in seconds. Unset: 600; with exposure `cloudflare` 5 less than `proxyTimeoutSeconds`.",
                ),
            defaultModel: text("the name of a model")
                .default("default")
                .describe("Name of the model that a request without `model` is for, as Alpa was started with."),
            ...answerKeys,
        })
        .describe("The Alpa service behind the gateway, which stays as it is."),
    pathPrefix: pathPrefix.describe(
        "Path in front of Alpa's own that callers are told, beside `/alpa`. Unset: `/alpa`.",
    ),
    gateway,
    azure,
    tls,
    ...exposureKeys,
    rampart: z
        .strictObject({
            install: rampartInstall
                .optional()
                .describe("Installs Rampart from your private chart. Unset: it must be there."),
            retry: z
                .number()
                .refine((n) => Number.isInteger(n) && n >= 0, {
                    error: (i) => `must be a whole number of at least 0${got(i.input)}. Raise it by one`,
                })
                .default(0)
                .describe("Raise it to make Rampart deploy an unchanged graph again after a failure."),
        })
        .optional()
        .describe("Rampart, with installer `rampart`."),
    readiness: z
        .strictObject({
            graphTimeoutSeconds: positive("a time in seconds")
                .default(DEFAULT_READINESS.graphTimeoutSeconds)
                .describe("Longest wait for Rampart to deploy the gateway: 600 s for each chart layer, and some more."),
            acceptTimeoutSeconds: positive("a time in seconds")
                .default(DEFAULT_READINESS.acceptTimeoutSeconds)
                .describe("Longest wait for the ingress controller to accept one object, in seconds."),
            settleSeconds: z
                .number()
                .min(0, { error: (i) => `must be a time in seconds of at least 0${got(i.input)}. Correct it` })
                .default(DEFAULT_READINESS.settleSeconds)
                .describe(
                    "How long an object must stay accepted where the gateway's pods cannot be asked: the controller says so before it has reached APISIX.",
                ),
        })
        .prefault({})
        .describe("How long to wait, and for how long a state must hold."),
    limits: limits
        .optional()
        .describe("What each caller may use, where it has no such limit of its own. Unset: no limit."),
    maxOverlapDays,
    guard: z
        .strictObject({
            disabledBecause: text("the reason")
                .optional()
                .describe("Why requests that are known to stop Alpa may pass. Unset: the guard is on."),
            maxBodyBytes: positive("a number of bytes")
                .refine((bytes) => bytes <= MOST_BODY_BYTES, {
                    error: (i) => `must be at most ${MOST_BODY_BYTES} bytes, 1 MiB${got(i.input)}. Lower it`,
                })
                .default(65536)
                .describe(
                    "Largest request body, in bytes, up to 1 MiB: four prompts of the model's length are below 32 KiB.",
                ),
            contextTokens: positive("a number of tokens")
                .default(DEFAULT_CONTEXT_TOKENS)
                .describe("Longest prompt and answer together, in tokens, as Alpa was started."),
            vocabulary: positive("a number of tokens")
                .default(50272)
                .describe("Tokens the model knows: ids from 0 to one less. The default is that of OPT."),
            maxPrompts: positive("a number of prompts")
                .default(ALPA_BATCH)
                .describe("Most prompts of one request, which counts as one in `limits`. The default is Alpa's batch."),
            minTokens: positive("a number of tokens")
                .optional()
                .describe(
                    "Largest `min_tokens` of a request; it [shortens every caller's prompts](architecture.md#min_tokens). Unset: 0.",
                ),
        })
        .prefault({})
        .describe("What is refused before it reaches Alpa, because it is known to stop it."),
    consumers: z.array(consumer).default([]).describe("The callers. Empty: nobody gets in."),
    consumersFile,
    opt: opt
        .optional()
        .describe("What Alpa becomes with option `intra-b`. Here it is checked, and nothing is made of it."),
    convert: convert
        .optional()
        .describe("How far the conversion to option `intra-b` is: here it has not begun, and nothing is made of it."),
});

/** The same behind Cloudflare. */
export const exposedIntraSchema = intraSchema.extend(requiredExposureKeys);

export type ParsedIntra = z.infer<typeof intraSchema>;
/** What the options with a gateway have in common. */
export type ParsedGateway = Omit<ParsedIntra, "option" | "alpa"> & { alpa: Omit<ParsedIntra["alpa"], "endpoints"> };
