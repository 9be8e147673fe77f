import * as z from "zod";
import { list, mapping } from "./unchecked";

/**
 * Fields of `.meta()` about secrets, on the innermost schema. `secret` marks a value that must be stored encrypted; the text
 * of `secret` is the file name in the command that sets the value. `mayBeSecret` marks a value that may be stored encrypted.
 * It also marks a key into which an operator could write a secret by mistake.
 */
interface Secrecy {
    secret?: string;
    mayBeSecret?: boolean;
}

/**
 * Fields of a key's `.meta()` in addition to zod's own fields. `description` has one or two sentences. The reference shows the
 * first of `examples`. `unset` says what happens if a key without a default value is not set. `reason` is the reason for the
 * default.
 */
export type KeyMeta = { description?: string; examples?: unknown[]; unset?: string; reason?: string };

export const optional = <T extends z.ZodType>(type: T, meta: KeyMeta) => type.optional().meta(meta);

export const withDefault = <T extends z.ZodType>(type: T, value: z.core.util.NoUndefined<z.output<T>>, meta: KeyMeta) =>
    type.default(value).meta(meta);

/** Returns `secret` and `mayBeSecret` of a schema. */
export function secrecy(type: z.core.$ZodType): Secrecy {
    return (z.globalRegistry.get(unwrap(type)) ?? {}) as Secrecy;
}

/** Every value that must be stored encrypted, with the file name in the command that sets it. */
export function* secretsIn(
    type: z.core.$ZodType,
    value: unknown,
    path: PropertyKey[] = [],
): Iterable<{ path: PropertyKey[]; value: unknown; file: string }> {
    const inner = unwrap(type);
    const { secret: file } = secrecy(inner);
    if (file !== undefined && value !== undefined && typeof value !== "object") yield { path, value, file };
    else if (inner instanceof z.ZodArray)
        for (const [i, one] of list(value).entries()) yield* secretsIn(inner.element, one, [...path, i]);
    else
        for (const [key, child] of Object.entries(keysIn(inner)))
            yield* secretsIn(child, mapping(value)[key], [...path, key]);
}

/** Whether a value for a schema, also one of a wrong type, could contain a secret. Messages do not quote such a value. */
export function mayHoldSecret(type: z.core.$ZodType): boolean {
    const inner = unwrap(type);
    if (inner instanceof z.ZodArray) return mayHoldSecret(inner.element);
    const { secret, mayBeSecret } = secrecy(inner);
    if (secret !== undefined || mayBeSecret) return true;
    return Object.values(keysIn(inner)).some(mayHoldSecret);
}

/** Every key below a schema, with its path. A mapping comes before its keys. `[]` stands for any entry of a list. */
export function keysBelow(type: z.core.$ZodType, path = ""): [path: string, type: z.core.$ZodType][] {
    const inner = unwrap(type);
    const item = inner instanceof z.ZodArray ? unwrap(inner.element) : inner;
    const start = path === "" ? "" : `${path}${inner instanceof z.ZodArray ? "[]" : ""}.`;
    return Object.entries(keysIn(item)).flatMap(([name, child]) => [
        [`${start}${name}`, child] as [string, z.core.$ZodType],
        ...keysBelow(child, `${start}${name}`),
    ]);
}

function keysIn(type: z.core.$ZodType): z.core.$ZodShape {
    return type instanceof z.ZodObject ? (type.shape as z.core.$ZodShape) : {};
}

/** Removes `optional`, `default` and `prefault` from around a schema. */
export function unwrap(type: z.core.$ZodType): z.core.$ZodType {
    for (;;) {
        if (type instanceof z.ZodOptional || type instanceof z.ZodDefault || type instanceof z.ZodPrefault)
            type = type.unwrap();
        else return type;
    }
}
