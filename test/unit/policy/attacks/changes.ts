/** How cases change a stack's resources. */
import { strict as assert } from "node:assert";
import type { Given } from "../stacks";

const kindOf = ({ type, inputs }: Given): string =>
    type.startsWith("kubernetes:") ? (inputs.kind ?? type.split(":").pop()) : type.split(":").pop()!;

/** The only resource of a kind. @param name selects one of several, by Kubernetes object or by resource */
export function find(resources: Given[], kind: string, name?: string): Given {
    const named = (given: Given) => [given.inputs.metadata?.name, given.name].includes(name);
    const found = resources.filter((given) => kindOf(given) === kind && (name === undefined || named(given)));
    assert.equal(found.length, 1, `one ${kind} ${name ?? ""}, found ${found.map((given) => given.name).join(", ")}`);
    return found[0];
}

/** A change of the inputs of one resource. */
export const inputs = (kind: string, name: string | undefined, change: (inputs: any) => void) => (all: Given[]) =>
    change(find(all, kind, name).inputs);

/** A change of the spec of one object. */
export const spec = (kind: string, name: string | undefined, change: (spec: any) => void) =>
    inputs(kind, name, (given) => change(given.spec));

/** Removes a resource. */
export const without = (kind: string, name: string) => (all: Given[]) => {
    all.splice(all.indexOf(find(all, kind, name)), 1);
};

/** Adds a resource. @param inside type of its parent component */
export const more = (type: string, given: any, inside?: string) => (all: Given[]) => {
    const types = inside === undefined ? type : `${inside}$${type}`;
    all.push({ type, name: "more", urn: `urn:pulumi:test::alpa-auth::${types}::more`, protect: false, inputs: given });
};

/**
 * Makes a resource look as if the run still has to create it: its id is unknown, and every input of another resource with
 * this id too.
 */
export const created = (kind: string, name?: string) => (all: Given[]) => {
    const one = find(all, kind, name);
    const id = JSON.stringify(one.id);
    one.id = undefined;
    for (const given of all) given.inputs = JSON.parse(JSON.stringify(given.inputs).replaceAll(id, `"${UNKNOWN}"`));
};

/** Changes one field of a Secret's data. */
export const secretText = (name: string, field: string, text: string) =>
    inputs("Secret", name, ({ data }) => {
        opened(data)[field] = secret(Buffer.from(text).toString("base64"));
    });

/** Text by which the engine represents a value that is not known before the run. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Changes one plugin in one rule of the route. */
export const plugin = (rule: string, name: string, change: (plugin: any, rule: any) => void) =>
    spec("ApisixRoute", undefined, ({ http }) => {
        const found = http.find((one: any) => one.name === rule);
        change(
            found.plugins.find((one: any) => one.name === name),
            found,
        );
    });

/** A change of the values of APISIX's chart, in a Helm release or in a graph of Rampart. */
export const values = (change: (values: any) => void) => (all: Given[]) => {
    const release = all.find(({ type, inputs: given }) => type.endsWith(":Release") && given.chart === "apisix");
    if (release) change(release.inputs.values);
    else change(find(all, "RampartGraph").inputs.spec.graph.components.apisix.config);
};

/** A secret in the engine's wire format. */
export const secret = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": SECRET_SIGNATURE, value });
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
/** The value of a secret, without its marker. */
export const opened = (value: any) => value?.value ?? value;
