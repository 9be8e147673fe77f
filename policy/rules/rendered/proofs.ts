import { materialsDigest } from "../../../components/consumers/consumers";
import { REVISION_HEADER } from "../../../components/alpa/paths";
import { ROUTE } from "../../../components/route/route-rules";
import { keyDigest } from "../../../components/consumers/key-digest";
import { gatewayNamespaces } from "../../resources/charts";
import { isInside, kindOf, type Resource } from "../../resources/resource";
import { at, list, map, number, UNKNOWN } from "../../resources/values";

// Resources that verify or record a change must refer to the callers, the route and the gateway of this stack.

type Violations = { urn: string; message: string }[];

export function proofs(resources: Resource[]): Violations {
    const of = (kind: string) => resources.filter((resource) => kindOf(resource) === kind);
    // The verifier of a conversion is not a caller, and is deleted with the conversion.
    const consumers = of("Consumer").filter((resource) => !isInside(resource, "Verification"));
    const routes = of("ApisixRoute").filter(({ props }) => at(props, "metadata.name") === ROUTE);
    const asked = PROOFS.flatMap(of);
    const own = gatewayNamespaces(resources);
    return [
        ...missing(
            consumers.filter((one) => isInside(one, "Consumers")),
            ["CredentialsRevoked", "ConsumersAccepted", "Revocations"],
            of,
        ),
        ...missing(routes, ["RouteServed"], of),
        ...asked.flatMap((proof) => gateway(proof, own, consumers)),
        ...of("CredentialsRevoked").flatMap((proof) => credentials(proof, consumers)),
        ...of("ConsumersAccepted").flatMap((proof) => accepted(proof, consumers, of("Secret"))),
        ...of("Revocations").flatMap((memory) => declared(memory, consumers, of("Secret"), of("RandomUuid"))),
        ...of("RouteServed").flatMap((proof) => revision(proof, routes)),
        ...of("SecretVersions").flatMap((memory) => versions(memory, of("ZeroTrustAccessServiceToken"))),
        ...of("RayReady").flatMap((proof) => ray(proof, of("RayCluster"))),
        ...of("ImagesReady").flatMap((proof) => images(proof, of("RayCluster"))),
        ...alike(asked, "timeoutSeconds"),
        ...alike(asked, "settleSeconds"),
        ...["kubeconfig", "clusterUid"].flatMap((field) => alike(ownResources(resources), field)),
        ...alike(ofZones(resources), "zoneId"),
    ];
}

const PROOFS = ["CredentialsRevoked", "ConsumersAccepted", "RouteServed"];
const ownResources = (resources: Resource[]) =>
    resources.filter(
        ({ type }) => /^pulumi-nodejs:/.test(type) && !/:(Revocations|SecretVersions|StackIdentity)$/.test(type),
    );

/** Resources of a zone. All must be in one zone: a rate limit in another zone would count no request of this stack. */
const ofZones = (resources: Resource[]) =>
    resources.filter(({ type, props }) => type.startsWith("cloudflare:") && props.zoneId !== undefined);

/** Reports objects without the resource that verifies or records their changes. */
function missing(objects: Resource[], kinds: string[], of: (kind: string) => Resource[]): Violations {
    if (objects.length === 0) return [];
    const [{ urn, props }] = objects;
    return kinds
        .filter((kind) => of(kind).length === 0)
        .map((kind) => ({
            urn,
            message: `kind: ${String(props.kind)} must have a ${kind} in this stack (there is none). Add it.`,
        }));
}

/** @param own namespaces of the gateways that this stack installs */
function gateway({ urn, props }: Resource, own: unknown[], consumers: Resource[]): Violations {
    const of = (path: string) => consumers.map((consumer) => at(consumer.props, path));
    const { namespace, unasked } = map(props.gateway);
    const found: Violations = [];
    if (own.length > 0 && unasked !== undefined && unasked !== UNKNOWN && unasked !== "fail")
        found.push({ urn, message: "gateway.unasked: must be fail, since this stack installs the gateway. Set it." });
    const places = own.length > 0 ? own : of("spec.gatewayRef.namespace");
    return [
        ...found,
        ...oneOf(urn, "gateway.namespace", namespace, places),
        ...oneOf(urn, "namespace", props.namespace, of("metadata.namespace")),
    ];
}

function oneOf(urn: string, where: string, value: unknown, known: unknown[]): Violations {
    if (value === undefined || value === UNKNOWN || known.length === 0) return [];
    if (known.some((one) => one === undefined || one === UNKNOWN) || known.includes(value)) return [];
    return [{ urn, message: `${where}: must be ${String(known[0])}, as in the rest of this stack.` }];
}

/** `<consumer>/<credential>` of every credential of the Consumers; undefined if a name is not known. */
function declaredBy(consumers: Resource[]): string[] | undefined {
    const all = consumers.flatMap(({ props }): unknown[] => {
        const [name, named] = [at(props, "metadata.name"), at(props, "spec.credentials")];
        const ids = named === UNKNOWN ? [UNKNOWN] : list(named).map((one) => at(one, "name"));
        return name === UNKNOWN || ids.includes(UNKNOWN) ? [UNKNOWN] : ids.map((id) => `${String(name)}/${String(id)}`);
    });
    return all.includes(UNKNOWN) ? undefined : all.map(String).sort();
}

const isKnown = (value: unknown) => value !== undefined && value !== UNKNOWN && !list(value).includes(UNKNOWN);

/** Checks that the map has every credential. Without its entry, the removal of a credential is not verified. */
function credentials({ urn, props }: Resource, consumers: Resource[]): Violations {
    const all = declaredBy(consumers);
    if (all === undefined || !isKnown(props.credentials)) return [];
    return same(urn, "credentials", Object.keys(map(props.credentials)), all);
}

function same(urn: string, where: string, names: string[], expected: string[]): Violations {
    const [lacks, more] = [
        expected.filter((name) => !names.includes(name)),
        names.filter((name) => !expected.includes(name)),
    ];
    return [
        ...lacks.map((name) => ({ urn, message: `${where}: must list ${name}, which this stack has. Add it.` })),
        ...more.map((name) => ({
            urn,
            message: `${where}: must not list ${name}, which this stack does not have. Remove it.`,
        })),
    ];
}

function accepted({ urn, props }: Resource, consumers: Resource[], secrets: Resource[]): Violations {
    const names = consumers.map(({ props: consumer }) => at(consumer, "metadata.name"));
    if (names.includes(UNKNOWN)) return [];
    const lists = ["generations", "materials"]
        .filter((field) => isKnown(props[field]))
        .flatMap((field) => same(urn, field, Object.keys(map(props[field])), names.map(String)));
    const stale = consumers.flatMap((consumer) => {
        const name = String(at(consumer.props, "metadata.name"));
        const recorded = map(props.materials)[name];
        const materials = list(at(consumer.props, "spec.credentials")).map((one) =>
            material(consumer, at(one, "name"), secrets),
        );
        if (typeof recorded !== "string" || materials.includes(undefined)) return [];
        return recorded === materialsDigest(materials as Record<string, string>[])
            ? []
            : [{ urn, message: `materials.${name}: must be the digest of this caller's Secrets.` }];
    });
    return [...lists, ...stale];
}

/** Fields of a Secret, in the order of the digest. */
const FIELDS = ["key", "algorithm", "public_key", "secret"];

/** Content of a credential's Secret; undefined if it is not known. */
function material(consumer: Resource, id: unknown, secrets: Resource[]): Record<string, string> | undefined {
    const { name, namespace } = map(consumer.props.metadata);
    const data = secrets.find(
        ({ props }) =>
            at(props, "metadata.name") === `${String(name)}.${String(id)}` &&
            at(props, "metadata.namespace") === namespace,
    )?.props.data;
    const fields = map(data);
    const all = FIELDS.filter((field) => field in fields).map((field) => [field, fields[field]] as const);
    if (all.length === 0 || all.some(([, value]) => typeof value !== "string")) return undefined;
    return Object.fromEntries(all) as Record<string, string>;
}

/**
 * Checks the record of keys. It contains digests of public keys and of keys that operators have set. A generated key is not
 * in the record, because it has a salt instead.
 */
function declared({ urn, props }: Resource, consumers: Resource[], secrets: Resource[], salts: Resource[]): Violations {
    if (!isKnown(props.declared)) return [];
    const recorded = map(props.declared);
    const generated = new Set(salts.map(({ name }) => name));
    return [
        ...Object.keys(map(props.readmit))
            .filter((who) => !(who in recorded))
            .map((who) => ({ urn, message: `readmit.${who}: must be a credential with key or publicKey. Remove it.` })),
        ...consumers.flatMap((consumer) =>
            list(at(consumer.props, "spec.credentials")).flatMap((one) => {
                const [name, id] = [at(consumer.props, "metadata.name"), at(one, "name")];
                const { key, public_key: publicKey, secret } = material(consumer, id, secrets) ?? {};
                if (key === undefined || secret !== undefined) return [];
                if (publicKey === undefined && generated.has(`${String(name)}.${String(id)}-key`)) return [];
                const digest = keyDigest(publicKey === undefined ? { key } : { publicKey });
                const who = `${String(name)}/${String(id)}`;
                return [digest, UNKNOWN].includes(recorded[who] as string)
                    ? []
                    : [
                          {
                              urn,
                              message: `declared: must have the digest of ${who}'s key, or a revocation of the key is not recorded. Add it.`,
                          },
                      ];
            }),
        ),
    ];
}

function revision({ urn, props }: Resource, routes: Resource[]): Violations {
    const revisions = routes.flatMap(({ props: route }) =>
        list(at(route, "spec.http")).flatMap((rule) =>
            list(at(rule, "plugins")).map((plugin) => {
                const set = at(plugin, "config.headers.set");
                return set === UNKNOWN || plugin === UNKNOWN ? UNKNOWN : map(set)[REVISION_HEADER];
            }),
        ),
    );
    const known = revisions.filter((one) => one !== undefined);
    return oneOf(urn, "revision", props.revision, known);
}

/** Checks the record of secret versions. Without this record, no run notices that a version has decreased. */
function versions({ urn, props }: Resource, tokens: Resource[]): Violations {
    const named = tokens.map(({ props: token }) => ({ name: token.name, version: token.clientSecretVersion ?? 1 }));
    if (!isKnown(props.versions) || named.some(({ name }) => typeof name !== "string")) return [];
    const who = (name: unknown) => String(name).split("/").slice(-2).join("/");
    const recorded = map(props.versions);
    return [
        ...["versions", "fingerprints"]
            .filter((field) => isKnown(props[field]))
            .flatMap((field) =>
                same(
                    urn,
                    field,
                    Object.keys(map(props[field])),
                    named.map(({ name }) => who(name)),
                ),
            ),
        ...named
            .filter(
                ({ name, version }) => who(name) in recorded && version !== UNKNOWN && recorded[who(name)] !== version,
            )
            .map(({ name }) => ({
                urn,
                message: `versions.${who(name)}: must be the version of the token's secret.`,
            })),
    ];
}

function ray({ urn, props }: Resource, clusters: Resource[]): Violations {
    const suspended = clusters.map((cluster) => at(cluster.props, "spec.suspend"));
    const expected = suspended.map((one) => (typeof one === "boolean" ? !one : UNKNOWN));
    return oneOf(urn, "running", props.running, expected);
}

function images({ urn, props }: Resource, clusters: Resource[]): Violations {
    const nodes = clusters.map((cluster) => {
        const workers = at(cluster.props, "spec.workerGroupSpecs");
        return workers === UNKNOWN ? UNKNOWN : 1 + list(workers).length;
    });
    return oneOf(urn, "nodes", Number.isNaN(number(props.nodes)) ? UNKNOWN : number(props.nodes), nodes);
}

/** Checks that a field has the same value in all resources. The value may be secret, so messages do not show it. */
function alike(resources: Resource[], field: string): Violations {
    const known = resources.filter(({ props }) => props[field] !== UNKNOWN);
    const counts = new Map<unknown, number>();
    for (const { props } of known) counts.set(props[field], (counts.get(props[field]) ?? 0) + 1);
    if (counts.size < 2) return [];
    const most = Math.max(...counts.values());
    const usual = [...counts].find(([, count]) => count === most)![0];
    return known
        .filter(({ props }) => props[field] !== usual)
        .map(({ urn }) => ({
            urn,
            message: `${field}: must be the same as in the other resources of this stack.`,
        }));
}
