import { randomBytes } from "node:crypto";
import { type Input, keepers, type Made, type ResourceType, withDefaults } from "./resource-type";
import { randomUuid } from "./strings";

function idComputed(bytes: Buffer, prefix: string): Made {
    const id = bytes.toString("base64url");
    return {
        id,
        computed: {
            id,
            b64Url: prefix + id,
            b64Std: prefix + bytes.toString("base64"),
            hex: prefix + bytes.toString("hex"),
            dec: prefix + BigInt(`0x0${bytes.toString("hex")}`).toString(),
        },
    };
}

function bytesComputed(bytes: Buffer): Made {
    const base64 = bytes.toString("base64");
    return { id: base64, computed: { base64, hex: bytes.toString("hex") } };
}

const uuidComputed = (result: string): Made => ({ id: result, computed: { id: result, result } });

/** Bytes of a base64 text. Rejects characters that Node.js would skip. */
function decode(text: string, encoding: "base64" | "base64url"): Buffer {
    const bytes = Buffer.from(text, encoding);
    if (bytes.toString(encoding) !== text || text === "") {
        throw new Error(
            `import: must be ${encoding} text, as the resource's id is. Copy it from the existing resource.`,
        );
    }
    return bytes;
}

const idInputs: Record<string, Input> = {
    keepers,
    byteLength: { kind: "whole number", required: true },
    prefix: { kind: "string" },
};

export const id: ResourceType = {
    inputs: idInputs,
    computed: ["id", "b64Url", "b64Std", "hex", "dec"],
    secrets: [],
    // The released provider does not validate this and crashes on a negative length.
    problems: ({ byteLength }) =>
        (byteLength as number) < 1 ? [{ property: "byteLength", problem: "The minimum value is 1" }] : [],
    plan: (given) => withDefaults(idInputs, given),
    make: ({ byteLength, prefix }) =>
        idComputed(randomBytes(byteLength as number), (prefix as string | undefined) ?? ""),
    import: (text) => {
        const comma = text.lastIndexOf(",");
        const prefix = text.slice(0, Math.max(comma, 0));
        const bytes = decode(text.slice(comma + 1), "base64url");
        return {
            planned: { byteLength: bytes.length, ...(prefix === "" ? {} : { prefix }) },
            made: idComputed(bytes, prefix),
        };
    },
};

const bytesInputs: Record<string, Input> = { keepers, length: { kind: "whole number", required: true } };

export const bytes: ResourceType = {
    inputs: bytesInputs,
    computed: ["base64", "hex"],
    secrets: ["base64", "hex"],
    problems: ({ length }) =>
        (length as number) < 1
            ? [
                  {
                      property: "length",
                      problem: `Invalid Attribute Value. Attribute length value must be at least 1, got: ${length as number}`,
                  },
              ]
            : [],
    plan: (given) => withDefaults(bytesInputs, given),
    make: ({ length }) => bytesComputed(randomBytes(length as number)),
    import: (text) => {
        const decoded = decode(text, "base64");
        return { planned: { length: decoded.length }, made: bytesComputed(decoded) };
    },
};

export const uuid: ResourceType = {
    inputs: { keepers },
    computed: ["id", "result"],
    secrets: [],
    problems: () => [],
    plan: (given) => withDefaults({ keepers }, given),
    make: () => uuidComputed(randomUuid()),
    import: (text) => {
        if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
            throw new Error(`import: must be a UUID (got "${text}"). Copy the resource's id.`);
        }
        return { planned: {}, made: uuidComputed(text.toLowerCase()) };
    },
};
