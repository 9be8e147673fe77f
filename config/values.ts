import * as z from "zod";
import { isIP, isIPv4 } from "node:net";
import { isAbsolute, normalize } from "node:path";
import { DEFAULT_TAG } from "../components/apisix/version";
import { quantity } from "../components/kubernetes/quantity";
import { VERIFIER } from "../components/opt/conversion-phases";
import { got, must } from "./problems";

// Schemas of values that keys of several options use.

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** Kubernetes' limit for a DNS label and for a label value. In this project the label value is `<consumer>.<credential>`. */
export const LABEL_LIMIT = 63;
export const DEFAULT_NAMESPACE = "alpa-auth";
export const DEFAULT_NODE_PORT = 30800;

/** A text for which a rule holds. @param rule a regular expression or a function */
export const matching = (rule: RegExp | ((text: string) => boolean), what: string, advice?: string) =>
    z.string().refine((text) => (rule instanceof RegExp ? rule.test(text) : rule(text)), must(what, advice));

/** A text with several rules. @param broken what the text must do, and advice, if it breaks a rule */
export const ruled = (broken: (text: string) => [what: string, advice?: string] | undefined) =>
    z.string().refine((text) => !broken(text), {
        error: ({ input }) => must(...broken(input as string)!).error({ input }),
    });

export const whole = (min: number, max: number, what: string, advice?: string) =>
    z.number().refine((n) => Number.isInteger(n) && n >= min && n <= max, must(what, advice));

export const positive = (what: string) => {
    const rule = must(`be ${what} of at least 1`, "Give a whole number");
    return z.number(rule).refine((n) => Number.isInteger(n) && n >= 1, rule);
};

export const callersKey = <T extends z.ZodType>(caller: T) =>
    z.array(caller).default([]).meta({ description: "The callers.", reason: "A new stack has no callers." });

export const optionKey = <O extends string>(option: O, what: string) =>
    z.literal(option).meta({ description: `The option of this stack. \`${option}\` ${what}.`, examples: [option] });

export const isDnsLabel = (text: string) => DNS_LABEL.test(text) && text.length <= LABEL_LIMIT;

export const dnsLabel = matching(
    isDnsLabel,
    `be a DNS label: a-z, 0-9 and -, no dots, at most ${LABEL_LIMIT} characters`,
    "Rename it",
);

/**
 * Name of a consumer. Only option intra-b has a verifier, but its name is reserved in every option: a stack can later
 * change to intra-b.
 */
export const consumerName = dnsLabel.refine((name) => name !== VERIFIER, {
    error: `must not be ${VERIFIER}, the consumer with which option intra-b verifies Alpa in the cluster. Choose another name.`,
});

export const url = z
    .url({
        protocol: /^https?$/,
        error: (i) => `must be an address with http:// or https://${got(withoutUser(i.input))}.`,
    })
    .refine((address) => withoutUser(address) === address, {
        error: "must be an address without user name and password, which would be stored in plain text. Remove them.",
    });

/** A text that no message quotes, because it may be secret. */
export const unquotedText = z.string({ error: () => "must be a string." });

export const text = (what: string) =>
    z.string().min(1, { error: `must be ${what}, not an empty string. Name it or remove the key.` });

const isPinned = (tag: string) => /\d/.test(tag) && !/(^|[^a-z])latest/i.test(tag);

export const pinned = matching(isPinned, "be a pinned version, never latest", "Name the exact tag");

/** A host name never ends in a number (RFC 1123). A text that ends in a number is an IPv4 address or a mistake. */
export const isHost = (host: string) =>
    host.split(".").every((label) => DNS_LABEL.test(label)) && (isIPv4(host) || !/(^|\.)\d+$/.test(host));

export const endpoint = ruled((text) => {
    const [, host, port] = /^([^:/]+):(\d+)$/.exec(text) ?? [];
    if (host === undefined) return ["be host:port, without a scheme or path", "Write for example 10.20.96.188:20001"];
    if (!isHost(host)) return ["name a lower-case host or an IPv4 address"];
    if (!isPort(Number(port))) return ["have a port between 1 and 65535", "Alpa listens on 20001"];
});

export const isPort = (n: number) => Number.isInteger(n) && n >= 1 && n <= 65535;

/** A port on every node, in the default range of an API server. @param advised a port that is usually unused */
export const nodePort = (advised: number) =>
    whole(30000, 32767, "be between 30000 and 32767, the range of node ports", `Use ${advised}`);

/** Key of a Kubernetes label: an optional DNS name with a slash, then a name of up to 63 characters. */
export const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
/** Text that is valid in a header: visible ASCII without blanks or line breaks. */
export const HEADER_SAFE = /^[\x21-\x7e]+$/;

/** Each value that repeats an earlier one, by its index and that of the first. Values that are undefined repeat nothing. */
export const repeats = (values: readonly unknown[]): [index: number, first: number][] =>
    values
        .map((value, i): [number, number] => [i, values.indexOf(value)])
        .filter(([i, first]) => values[i] !== undefined && first < i);

/** Ports of `host:port`, each once. */
export const portsOf = (endpoints: readonly string[]) => [
    ...new Set(endpoints.map((one) => Number(one.split(":")[1]))),
];

/** A host name of at least two labels, in the form that callers use. */
export const hostName = matching(
    (text) => text.includes(".") && text.split(".").every(isDnsLabel) && text.length <= 253 && isIP(text) === 0,
    "be a lower-case host name, for example llm.example.com",
);

/**
 * Invalid path prefixes: those of other services, and all with `completions` or `logprobs`. Alpa looks for these words in the
 * path.
 */
const TAKEN = /completions|logprobs|^\/(alpa-verification|apisix|cdn-cgi)$/;

export const pathPrefix = matching(
    (path) => /^\/[a-z0-9]+(-[a-z0-9]+)*$/.test(path) && !TAKEN.test(path),
    "be one lower-case part of a path that no other service uses, for example /alpa-opt-service",
    "Choose another prefix",
).optional();

/** Removes user name and password from an address. */
function withoutUser(input: unknown): unknown {
    return typeof input === "string" ? input.replace(/\/\/[^/@]*@/, "//") : input;
}

/**
 * Key `consumersFile`. History, review and rollback read the file from the program's commit, so a path outside of the
 * project is rejected.
 */
export const consumersFile = z
    .string({ error: () => "must be a path as a string. Write for example callers/intra.yaml." })
    .refine(
        isInside,
        must("be a path inside the folder of Pulumi.yaml, relative to it", "Write for example callers/intra.yaml"),
    )
    .optional()
    .meta({
        description:
            "File with more callers: a mapping with the key `consumers`. The path is relative to `Pulumi.yaml`.",
        examples: ["callers/intra.yaml"],
        unset: "no file: all callers are in `consumers`",
    });

/** Whether a relative path stays inside its folder. */
export function isInside(path: string): boolean {
    const plain = normalize(path);
    return path !== "" && !path.includes("\\") && !isAbsolute(plain) && !/^\.\.?(\/|$)/.test(plain);
}

const PART = "[a-z0-9]+([._-]+[a-z0-9]+)*";
const FORM = new RegExp(`^(${PART}(:\\d+)?(/${PART})*):(\\w[\\w.-]{0,127}(@sha256:[0-9a-f]{64})?)$`);

/** An image, as `repository:tag` or `repository:tag@sha256:…`. Without a digest, the tag must name one version. */
export const image = ruled((name) => {
    if (!FORM.test(name))
        return [`be repository:tag or repository:tag@sha256:<digest>, for example apache/apisix:${DEFAULT_TAG}`];
    if (!name.includes("@") && !isPinned(imageParts(name).tag))
        return ["have a pinned tag, never latest", "Name the version that you tested"];
});

/** Repository and tag, from which charts and pods build an image reference. The tag contains the digest, if there is one. */
export function imageParts(name: string): { repository: string; tag: string } {
    const [, repository = name, , , , , tag = ""] = FORM.exec(name) ?? [];
    return { repository, tag };
}

const QUANTITY = /^\d+(\.\d+)?([numkMGTPE]|[KMGTPE]i)?$/;

const isQuantity = (text: string) => QUANTITY.test(text) && quantity(text) > 0;

/** An amount of memory above 0, in the notation of Kubernetes. */
export const memory = matching(
    (text) => isQuantity(text) && quantity(text) >= 1,
    "be a quantity of memory, for example 16Gi",
);

/** Cores above 0, in the notation of Kubernetes: a number, or thousandths. */
export const cores = z.coerce
    .string()
    .refine((text) => isQuantity(text), must("be a quantity of cores, for example 16 or 500m"));

export const movedFrom = z
    .record(z.string(), text("the reason"))
    .default({})
    .meta({
        description:
            "Intended changes of what the stack is bound to: its cluster, its Cloudflare account and zone, and the SSH keys of its hosts. The stack records their identities, and rejects another one unless this mapping has the recorded one, with the reason for the change. Remove an entry after the update.",
        examples: [{ "0f9a1d3c-6c56-4c0e-9d0f-2f6f5d6a8f11": "new cluster since 2026-12-01" }],
        reason: "A changed identity is usually a mistake, for example a kubeconfig of another cluster.",
    });

export type Moves = z.infer<typeof movedFrom>;
