import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";

export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };
export type Values = { [name: string]: Value | undefined };

/** Stands for a value that is unknown in a preview. The protocol defines this text. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Key and value that mark a secret in a property map. */
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

/** Parses the name and the type of a resource from its URN. */
export function parseUrn(urn: string): { name: string; type: string } {
    const [, , types, ...name] = urn.split("::");
    return { name: name.join("::"), type: (types ?? "").split("$").at(-1) ?? "" };
}

export const readValues = (properties: Struct | undefined) => (properties?.toJavaScript() ?? {}) as Values;

/** A property map without undefined properties. */
export function writeValues(values: Values): Struct {
    const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
    // The round trip through JSON removes undefined from nested values too: the protocol has no undefined.
    const inside = JSON.parse(JSON.stringify(Object.fromEntries(known))) as Record<string, JavaScriptValue>;
    return Struct.fromJavaScript(inside);
}

/** A property map in which the named properties are marked as secrets, so that the engine encrypts them. */
export function writeWithSecrets(values: Values, secrets: readonly string[]): Struct {
    const marked = Object.entries(values).map(([name, value]) => {
        const hidden = secrets.includes(name) && value !== undefined && value !== null && value !== UNKNOWN;
        return [name, hidden ? { ...SECRET, value } : value] as const;
    });
    return writeValues(Object.fromEntries(marked) as Values);
}

export const isObject = (value: Value | undefined): value is { [name: string]: Value } =>
    typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a value, or a part of it, is unknown. */
export function holdsUnknown(value: Value | undefined): boolean {
    if (Array.isArray(value)) return value.some(holdsUnknown);
    return isObject(value) ? Object.values(value).some(holdsUnknown) : value === UNKNOWN;
}

/** A difference of one property, as Diff reports it. */
export interface Difference {
    property: string;
    kind: "ADD" | "DELETE" | "UPDATE";
    replace: boolean;
    /** Paths inside the property that differ. Unset if the provider does not report them. */
    parts?: Pick<Difference, "property" | "kind">[];
}

export const none = (value: Value | undefined): value is null | undefined => value === undefined || value === null;

export const kindOf = (before: Value | undefined, after: Value | undefined): Difference["kind"] =>
    none(before) ? "ADD" : none(after) ? "DELETE" : "UPDATE";

const KINDS = {
    ADD: [provider.PropertyDiff.Kind.ADD, provider.PropertyDiff.Kind.ADD_REPLACE],
    DELETE: [provider.PropertyDiff.Kind.DELETE, provider.PropertyDiff.Kind.DELETE_REPLACE],
    UPDATE: [provider.PropertyDiff.Kind.UPDATE, provider.PropertyDiff.Kind.UPDATE_REPLACE],
} as const;

/** A Diff response. It names the properties that differ, and the properties that replace the resource. */
export function writeNames(found: Difference[]): provider.DiffResponse {
    const { DIFF_NONE, DIFF_SOME } = provider.DiffResponse.DiffChanges;
    return new provider.DiffResponse()
        .setChanges(found.length === 0 ? DIFF_NONE : DIFF_SOME)
        .setDiffsList(found.map(({ property }) => property))
        .setReplacesList(found.filter(({ replace }) => replace).map(({ property }) => property));
}

/** A Diff response like `writeNames`, with the kind and the path of each difference. */
export function writeDifferences(found: Difference[]): provider.DiffResponse {
    const response = writeNames(found).setHasdetaileddiff(true);
    for (const { replace, parts, ...whole } of found)
        for (const { property, kind } of parts ?? [whole])
            response
                .getDetaileddiffMap()
                .set(property, new provider.PropertyDiff().setKind(KINDS[kind][replace ? 1 : 0]));
    return response;
}
