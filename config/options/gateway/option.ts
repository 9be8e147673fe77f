import type * as z from "zod";
import { LEAST_NODES } from "../../../components/apisix/availability";
import { installationOf } from "../../../components/apisix/values";
import { hasLimits } from "../../../components/consumers/limits";
import { MOST_TOKENS_A_CHARACTER } from "../../../components/route/request-guard";
import { apiProblems } from "../../api-access";
import { type CheckContext, type Problems, type Sound, at, unwanted } from "../../cross-check";
import { azureChecks } from "../../keys/azure";
import { classChecks } from "../../keys/classes";
import { clusterChecks } from "../../keys/cluster";
import { credentialProblems } from "../../keys/consumers/credentials";
import { duplicateNames, tooLong, tokenLimitProblems } from "../../keys/consumers/schema";
import { exposureChecks, ofTheExposure, requiredExposureKeys } from "../../keys/exposure";
import type { ParsedGatewayOption } from "../../keys/gateway-option";
import { sshProblems } from "../../keys/hosts/ssh-host";
import { observabilityProblems } from "../../keys/observability";
import { openaiProblems, serverKind, serverProblems } from "../../keys/openai";
import { defineOption, type OptionDefinition } from "../option";
import { type Raw, isGiven } from "../../unchecked";
import { DEFAULT_NAMESPACE } from "../../values";

type GatewayName = "intra-a" | "intra-b" | "inter";

/**
 * Defines an option with a gateway, with the checks that all these options share.
 * @param checks checks the option's own keys against each other
 */
export function gatewayOption<Data extends ParsedGatewayOption, Settings>(
    option: GatewayName,
    schema: z.ZodObject & z.ZodType<Data>,
    checks: (config: Sound<Data>, given: Raw) => Problems,
    settings: (data: Data, today: Date) => Settings,
): OptionDefinition<Settings> {
    function* check(config: Sound<Data>, given: Raw, context: CheckContext): Problems {
        // Every config of an option with a gateway has these keys. TypeScript cannot infer this, because `Data` is a type
        // parameter.
        const common = config as Sound<ParsedGatewayOption>;
        yield* exposureChecks(common, given);
        yield* azureChecks(common, given, context);
        yield* clusterChecks(common, given);
        yield* checks(config, given);
        yield* gatewayChecks(option, common, given, context);
        yield* classChecks(common);
        yield* observabilityProblems(common, given);
        if (given.exposure === "tunnel" && context.api !== undefined) yield* apiProblems(context.api);
    }
    const define = (keys: z.ZodObject) =>
        defineOption("gateway", keys as typeof schema, check, (data, { today }) => settings(data, today));
    return {
        ...define(schema),
        read: (values, context) =>
            define(values.exposure === "tunnel" ? schema.extend(requiredExposureKeys) : schema).read(
                { ...ofTheExposure(values), option },
                context,
                values,
            ),
    };
}

/** Keys of `gateway` for a gateway that the stack installs. */
const OF_OUR_OWN = [
    ...["address", "nodePort", "replicas", "highAvailability", "storageClass", "chartRepository", "image"],
    ...["etcdImage", "sharedCounters"],
].map((key) => `gateway.${key}`);
/** Helm's limit for the name of a release. The gateway's release is named after the namespace. */
const RELEASE_LIMIT = 53;

type Config = Sound<ParsedGatewayOption>;

function* gatewayChecks(option: GatewayName, config: Config, given: Raw, { textOf }: CheckContext): Problems {
    const { consumers = [] } = config;
    yield* ofOtherInstallers(config, given);
    yield* uncounted(config, given);
    yield* credentialProblems(consumers, textOf);
    yield* noRoomForPrompts(config.guard);
    yield* serverProblems(option, given);
    yield* openaiProblems(config, given);
    yield* tokenLimitProblems(config, serverKind(given));
    yield* sshProblems(config.ssh);
    yield* duplicateNames(consumers);
    yield* longNames(config);
}

function* ofOtherInstallers({ gateway }: Config, given: Raw): Problems {
    const installer = gateway?.installer;
    // The schema reports an invalid installer. The installer decides which keys are allowed.
    if (installer === undefined) return;
    const foreign = { "gateway.existing": "existing", "gateway.crds": "helm", rampart: "rampart" };
    for (const [key, theirs] of Object.entries(foreign)) {
        const message = `only valid with gateway.installer ${theirs} (got installer ${installer}). Remove it.`;
        if (theirs !== installer) yield* unwanted(given, [key], message);
    }
    if (installer !== "existing") return;
    const ofOurs = "only valid for a gateway that this stack installs (got installer existing). Remove it.";
    yield* unwanted(given, given.exposure === "tunnel" ? OF_OUR_OWN : [...OF_OUR_OWN, "azure", "tls"], ofOurs);
    if (gateway?.existing === undefined)
        yield at`${["gateway", "existing"]}: required with gateway.installer existing. Name ingressClass, gateway and url.`;
}

/** Requires the counter server for limits, or for slots of classes, with several replicas. */
function* uncounted({ gateway, limits, classes = {}, consumers = [] }: Config, given: Raw): Problems {
    const hasCounted = hasLimits([limits, ...consumers.map((one) => one?.limits)].map((one = {}) => ({ limits: one })));
    const { highAvailability, replicas: set = 1 } = gateway ?? {};
    const replicas = highAvailability && !isGiven(given, "gateway", "replicas") ? LEAST_NODES : set;
    const isCounted = hasCounted || Object.keys(classes).length > 0;
    if (replicas > 1 && isCounted && gateway?.sharedCounters === undefined)
        yield at`${["gateway", "sharedCounters"]}: required with ${hasCounted ? "limits" : "slots of classes"} and more than one replica (got ${replicas}). Without shared counters each pod counts separately. Set the key (to {} for the defaults).`;
}

/** Reports a `guard.minTokens` that leaves no tokens for a prompt: the guard counts one character as up to four tokens. */
function* noRoomForPrompts({ minTokens, contextTokens }: Config["guard"] = {}): Problems {
    if (minTokens === undefined || contextTokens === undefined) return;
    const most = contextTokens - MOST_TOKENS_A_CHARACTER;
    if (minTokens > most)
        yield at`${["guard", "minTokens"]}: must be at most ${most}, so that a prompt still fits into guard.contextTokens, ${contextTokens} (got ${minTokens}). Lower it.`;
}

function* longNames({ consumers = [], namespace = DEFAULT_NAMESPACE, gateway }: Config): Problems {
    for (const one of consumers) {
        yield* tooLong(["consumers"], `${namespace}_${one?.name}`);
        for (const credential of one?.credentials ?? [])
            yield* tooLong(["consumers"], `${one?.name}.${credential?.id}`);
    }
    // Rampart derives the namespace of a component. If that name is too long, Rampart waits forever and reports no error.
    if (gateway?.installer === "rampart") yield* tooLong(["namespace"], installationOf("rampart", namespace).namespace);
    if (gateway?.installer === "helm") yield* tooLong(["namespace"], namespace, RELEASE_LIMIT);
}
