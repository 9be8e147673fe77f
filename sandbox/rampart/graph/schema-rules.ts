/**
 * The rules of Rampart's graph schema for `spec`, as data. The keywords of each rule have the order of the real schema, because
 * errors are reported in that order.
 */

/** Keywords are checked in insertion order, as in the real library. */
export interface Rule {
    $ref?: string;
    type?: "object" | "string" | "boolean" | "array";
    properties?: Record<string, Rule>;
    patternProperties?: Record<string, Rule>;
    required?: string[];
    additionalProperties?: false;
    items?: Rule;
    pattern?: string;
    const?: string;
    enum?: string[];
    anyOf?: Rule[];
    oneOf?: Rule[];
}

const NAME_PATTERN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
const IO_KEY_PATTERN = "^[a-zA-Z0-9_-]*$";

/** Semantic Versioning 2. The groups have names in Python's syntax, because messages quote the pattern. */
const SEMVER_PATTERN = (() => {
    const number = "0|[1-9]\\d*";
    const identifier = `(?:${number}|\\d*[a-zA-Z-][0-9a-zA-Z-]*)`;
    const core = ["major", "minor", "patch"].map((part) => `(?P<${part}>${number})`).join("\\.");
    const build = "[0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*";
    return `^${core}(?:-(?P<prerelease>${identifier}(?:\\.${identifier})*))?(?:\\+(?P<buildmetadata>${build}))?$`;
})();

const ref = (name: string): Rule => ({ $ref: `#/$defs/${name}` });
const text: Rule = { type: "string" };
const map: Rule = { type: "object" };
const word = (pattern: string): Rule => ({ type: "string", pattern });
const exactly = (value: string): Rule => ({ type: "string", const: value });
const closed = (properties: Record<string, Rule>, required: string[] = []): Rule => ({
    type: "object",
    properties,
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
});
const mapOf = (pattern: string, rule: Rule): Rule => ({
    type: "object",
    patternProperties: { [pattern]: rule },
    additionalProperties: false,
});
const io = (type: string, config: Rule): Rule =>
    closed({ type: word(type), config, flow: ref("k8sRegex"), $ui: {} }, ["type", "flow"]);

const reclaimPolicy: Rule = { type: "string", enum: ["Retain", "Delete"] };
const repositoryConfig = (kind: string, more: Record<string, Rule> = {}): Rule =>
    closed(
        {
            size: text,
            reclaimPolicy,
            kind: exactly(kind),
            remote: text,
            secret: text,
            username: text,
            useremail: text,
            defaultBranch: text,
            ...more,
        },
        ["kind", "size"],
    );

export const DEFS: Record<string, Rule> = {
    graph: {
        type: "object",
        properties: { components: ref("components"), flows: ref("flows") },
        additionalProperties: false,
        required: ["components", "flows"],
    },
    components: mapOf(NAME_PATTERN, ref("component")),
    flows: mapOf(NAME_PATTERN, ref("flow")),
    io: { oneOf: [ref("volumeIO"), ref("pulsarIO"), ref("repositoryIO")] },
    component: closed(
        {
            chart: ref("chart"),
            config: map,
            inputs: mapOf(IO_KEY_PATTERN, ref("io")),
            outputs: mapOf(IO_KEY_PATTERN, ref("io")),
            namespace: ref("k8sRegex"),
            type: text,
            needs: { type: "array", items: ref("k8sRegex") },
            ingressNeeded: { type: "boolean" },
            auxConfig: map,
            $ui: {},
        },
        ["chart", "config", "inputs", "outputs"],
    ),
    // The real schema has no `type: object` here. A chart that is a string therefore passes the schema, and crashes the
    // code that reads it.
    chart: {
        properties: {
            repo: text,
            name: text,
            // "latest" is not anchored: every text that contains it is valid.
            version: { type: "string", anyOf: [{ pattern: "latest" }, { pattern: SEMVER_PATTERN }] },
            secret: ref("secretRef"),
        },
        required: ["repo", "name"],
        additionalProperties: false,
    },
    secretRef: { anyOf: [ref("k8sRegex"), ref("nullRegex")] },
    volumeIO: io("volume", ref("volumeConfig")),
    pulsarIO: io("pulsar", map),
    repositoryIO: io("repository", ref("volumeConfig")),
    volumeConfig: closed({ mountPath: text }),
    flow: { anyOf: [ref("volumeFlow"), ref("pulsarFlow"), ref("repositoryFlow")] },
    volumeFlowConfig: closed({ size: text, reclaimPolicy }, ["size"]),
    volumeFlow: closed({ type: exactly("volume"), config: ref("volumeFlowConfig"), $ui: {} }, ["type", "config"]),
    pulsarFlow: closed({ type: exactly("pulsar"), config: map, $ui: {} }, ["type"]),
    repositoryFlow: closed(
        {
            type: exactly("repository"),
            config: { anyOf: [ref("gitFlowConfig"), ref("dvcFlowConfig")] },
            $ui: {},
        },
        ["type", "config"],
    ),
    gitFlowConfig: repositoryConfig("git"),
    dvcFlowConfig: repositoryConfig("dvc", {
        storageRemote: text,
        storageRemoteName: text,
        storageSecret: text,
        storageSecretType: exactly("s3"),
    }),
    k8sRegex: word(NAME_PATTERN),
    nullRegex: word("(None)|(null)"),
};

export const SPEC: Rule = {
    type: "object",
    additionalProperties: false,
    properties: { graph: ref("graph"), deploy: { type: "boolean" } },
    required: ["graph"],
};
