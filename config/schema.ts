import * as z from "zod";

/**
 * Fields of `.meta()` about secrets, on the innermost schema. `secret` marks a value that must be stored encrypted; the text
 * of `secret` is the file name in the command that sets the value. `mayBeSecret` marks a value that may be stored encrypted.
 * It also marks a key into which an operator could write a secret by mistake.
 */
interface Secrecy {
    secret?: string;
    mayBeSecret?: boolean;
}

/** Returns `secret` and `mayBeSecret` of a schema. */
export function secrecy(type: z.core.$ZodType): Secrecy {
    return (z.globalRegistry.get(unwrap(type)) ?? {}) as Secrecy;
}

/** Whether a value for a schema, also one of a wrong type, could contain a secret. Messages do not quote such a value. */
export function mayHoldSecret(type: z.core.$ZodType): boolean {
    const inner = unwrap(type);
    if (inner instanceof z.ZodArray) return mayHoldSecret(inner.element);
    const { secret, mayBeSecret } = secrecy(inner);
    if (secret !== undefined || mayBeSecret) return true;
    return Object.values(keysIn(inner)).some(mayHoldSecret);
}

/**
 * Every key below a schema, with its path. A mapping comes before its keys. `[]` stands for any entry of a list, and
 * `<name>` for a key that the operator chooses.
 */
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
    if (type instanceof z.ZodRecord && type.valueType instanceof z.ZodObject) return { "<name>": type.valueType };
    return type instanceof z.ZodObject ? (type.shape as z.core.$ZodShape) : {};
}

/**
 * Removes `optional`, `default` and `prefault` from around a schema.
 */
export function unwrap(type: z.core.$ZodType): z.core.$ZodType {
    for (;;) {
        if (type instanceof z.ZodOptional || type instanceof z.ZodDefault || type instanceof z.ZodPrefault)
            type = type.unwrap();
        else return type;
    }
}
