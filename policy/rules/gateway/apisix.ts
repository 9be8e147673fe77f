import { isOlder, OLDEST_APISIX } from "../../../components/apisix/version";
import { apisixCharts, chartsOf, isApisix } from "../../resources/charts";
import { DIGEST, podImages } from "../../resources/pods";
import { kindOf, objectName, type Resource } from "../../resources/resource";
import { at, eachText, isOther, isUnknown, map, number, shown, textOf, UNKNOWN } from "../../resources/values";
import type { Facts } from "../facts";
import { when, type Message, type Rule } from "../rule";

/** Publicly known keys: of the Admin API, from the public chart and APISIX's default file, and of its encryption. */
const KNOWN_KEYS = ["edd1c9f034335f136f87ad84b625c8f1", "4054f7cf07e344346cd3f287985e76a2"];
const KNOWN_KEYRING = ["qeddd145sfvddff3", "edd1c9f0985e76a2"];
const LEAST_LENGTH = 32;
/** Fewest characters of a value in a Secret, by its field. `key` is public next to a field of a token. */
const LEAST: Record<string, number> = { secret: 32, admin: 32, viewer: 32, "etcd-root-password": 32, key: 16 };
const OF_TOKENS = ["algorithm", "secret", "public_key"];
const CREDENTIALS = "apisix.admin.credentials";

export const ownKeys: Rule = {
    name: "own-keys",
    title: "Keys of callers and of the Admin API are long, in Secrets, and known only to this stack.",
    reason: "With a known or short key, anyone can call Alpa. With that of the Admin API, they can also open routes and read every caller's key.",
    check: (resource) => [...adminKey(resource), ...knownKeys(resource), ...generated(resource), ...secret(resource)],
};

function adminKey(resource: Resource): Message[] {
    return apisixCharts(resource).flatMap(({ values, where }) => {
        const { secretName, admin, viewer } = map(at(values, CREDENTIALS));
        const place = `${where}.${CREDENTIALS}`;
        const proxy = "ingress-controller.gatewayProxy.createDefault";
        return [
            ...when((secretName ?? "") === "", `${place}.secretName: must name a Secret with generated keys. Name it.`),
            ...when(
                admin !== undefined || viewer !== undefined,
                `${place}: must have no key. Name a Secret in secretName.`,
            ),
            ...when(
                at(values, proxy) === true,
                `${where}.${proxy}: must be false: the default key is publicly known. Set it.`,
            ),
        ];
    });
}

function knownKeys(resource: Resource): Message[] {
    const found: Message[] = [];
    eachText(resource.props, (text, path) => {
        if (KNOWN_KEYS.some((key) => text.includes(key)))
            found.push(`${path}: must not be a publicly known key. Use a generated key.`);
    });
    return found;
}

/** Checks the length of generated secrets, whose values are unknown in a preview. APISIX encrypts with 16 characters. */
function generated({ type, urn, props: { length } }: Resource): Message[] {
    const least = urn.endsWith("-keyring") ? 16 : LEAST_LENGTH;
    return when(
        type.endsWith(":RandomPassword") && !isUnknown(length) && !(number(length) >= least),
        `length: must be ${least} or more (got ${shown(length)}). Raise it.`,
    );
}

const SECRET_TYPES = ["Opaque", "kubernetes.io/tls"];
const NOT_COPIED = "propagate.hnc.x-k8s.io/none";
/** Names of Secrets in the namespace of the gateway, which has no sub-namespaces. */
const OF_THE_GATEWAY = /^(apisix-admin-keys|[^.]+-etcd)$/;

function secret(resource: Resource): Message[] {
    if (kindOf(resource) !== "Secret") return [];
    const { props } = resource;
    const { type = SECRET_TYPES[0] } = props;
    const { name } = objectName(resource);
    const annotations = at(props, "metadata.annotations");
    const isCopied = name !== undefined && !OF_THE_GATEWAY.test(name) && annotations !== UNKNOWN;
    return [
        ...when(
            SECRET_TYPES.every((one) => isOther(type, one)),
            `type: must be ${SECRET_TYPES.join(" or ")}, since Kubernetes writes credentials into others. Correct it.`,
        ),
        ...["data", "stringData"].flatMap((part) =>
            Object.entries(map(props[part]))
                .filter(([, text]) => !isUnknown(text))
                .flatMap(([field, text]) => weak(map(props[part]), field, textOf(text), `${part}.${field}`)),
        ),
        ...when(
            isCopied && isOther(map(annotations)[NOT_COPIED], "true"),
            `metadata.annotations: must have ${NOT_COPIED}: "true". Without it, the Hierarchical Namespace Controller may copy the Secret to other namespaces. Add it.`,
        ),
    ];
}

function weak(fields: Record<string, unknown>, field: string, text: string, where: string): Message[] {
    const isPublic = field === "key" && OF_TOKENS.some((one) => one in fields);
    const least = isPublic || !Object.hasOwn(LEAST, field) ? 0 : LEAST[field];
    const isKnown = field === "keyring" && KNOWN_KEYRING.includes(text);
    return [
        ...when(text.startsWith("$"), `${where}: must not begin with $, which APISIX reads as a reference. Change it.`),
        ...when(text.length < least, `${where}: must have at least ${least} characters. Use a generated value.`),
        ...when(isKnown, `${where}: must not be a publicly known key. Use a generated key.`),
    ];
}

/** Whether a tag or version always refers to the same content. */
const PINNED = /^v?\d+\.\d+\.\d+([.+_-][0-9A-Za-z.+_-]*)?(@sha256:[0-9a-f]{64})?$/;
const MOVING = /(?:^|[-.])(latest|stable|nightly|main|master|edge|dev)(?:$|[-.])/;

const isPinned = (tag: unknown) => typeof tag === "string" && PINNED.test(tag) && !MOVING.test(tag);
const pin = (where: string, got: unknown) =>
    `${where}: must be one version (got ${shown(got)}). Name an exact version, or a digest.`;

export const versionsPinned: Rule = {
    name: "versions-pinned",
    title: `Images and charts are from a known repository and have a pinned version, and every APISIX is version ${OLDEST_APISIX} or newer.`,
    reason: "Unpinned content can change without a preview. In older versions of APISIX, anyone with the public key of a caller can forge tokens of that caller.",
    check: (resource, facts) => [
        ...podImages(resource).flatMap(({ image, where }) => {
            if (image === UNKNOWN || (image === undefined && resource.type.endsWith("Patch"))) return [];
            const [, repository, tag] = /^(.*?)(?::([^:/@]+))?(?:@.*)?$/.exec(String(image))!;
            return [
                ...when(!DIGEST.test(String(image)) && !isPinned(tag), pin(where, image)),
                ...(/(^|\/)apisix$/.test(repository) ? oldApisix(tag, where) : []),
                ...fromElsewhere(repository, where, facts),
            ];
        }),
        ...charts(resource, facts),
    ],
};

function fromElsewhere(repository: unknown, where: string, { lists, config }: Facts): Message[] {
    const isSkipped = [lists, config, repository].some((one) => one === undefined || isUnknown(one));
    return when(
        !isSkipped && !lists!.sources.has(String(repository)) && !config!.has(String(repository)),
        `${where}: must be from a repository in policy/lists.yaml or in the stack's config. Correct it.`,
    );
}

function oldApisix(tag: unknown, where: string): Message[] {
    const [, version] = /^v?(\d+\.\d+)(?:[.@-]|$)/.exec(String(tag)) ?? [];
    const isOld = tag !== UNKNOWN && (version === undefined || isOlder(version, OLDEST_APISIX));
    return when(isOld, `${where}: must be APISIX ${OLDEST_APISIX} or newer (got ${shown(tag)}). Name a newer tag.`);
}

function charts(resource: Resource, facts: Facts): Message[] {
    return chartsOf(resource).flatMap(({ name, repository, version, values, where }) => {
        const tag = isApisix(name) ? at(values, "image.tag") : UNKNOWN;
        return [
            ...when(version !== UNKNOWN && !isPinned(version), pin(`version of chart ${name}`, version)),
            ...when(tag !== UNKNOWN && !isPinned(tag), pin(`${where}.image.tag`, tag)),
            ...oldApisix(tag, `${where}.image.tag`),
            ...fromElsewhere(repository, `repository of chart ${name}`, facts),
            ...fromElsewhere(at(values, "image.repository"), `${where}.image.repository`, facts),
        ];
    });
}
