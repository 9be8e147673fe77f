import * as z from "zod";
import { DEFINITIONS, OPTIONS, type Option } from "../../config/options";
import { secrecy } from "../../config/schema";

type JsonSchema = Record<string, unknown>;

/** Form of a value that Pulumi has encrypted. */
const SECURE: JsonSchema = {
    type: "object",
    properties: { secure: { type: "string" } },
    required: ["secure"],
    additionalProperties: false,
    description: "An encrypted value, as `pulumi config set --secret --path` writes it.",
};

/**
 * JSON Schema of `Pulumi.<stack>.yaml` for editors, which complete keys, show descriptions and mark unknown keys. Rules
 * about several values are only checked by `pulumi preview`.
 * @param project name of the Pulumi project, the prefix of config keys
 */
export function stackFileSchema(project: string): JsonSchema {
    const optionKey = `${project}:option`;
    return {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        title: "Stack file of alpa-auth",
        type: "object",
        properties: {
            config: {
                type: "object",
                required: [optionKey],
                properties: { [optionKey]: { enum: OPTIONS } },
                allOf: OPTIONS.map((option) => ({
                    if: { properties: { [optionKey]: { const: option } } },
                    then: keysOf(project, option),
                })),
            },
        },
        required: ["config"],
    };
}

/** JSON Schema of a callers file. */
export function callersFileSchema(): JsonSchema {
    const { consumers } = DEFINITIONS["intra-a"].schema.shape;
    return { ...plain(z.strictObject({ consumers: consumers as z.ZodType })), title: "Callers file of alpa-auth" };
}

function keysOf(project: string, option: Option): JsonSchema {
    const { properties, required } = plain(DEFINITIONS[option].schema) as {
        properties: Record<string, JsonSchema>;
        required: string[];
    };
    const names = Object.keys(properties);
    const prefixed = (name: string) => `${project}:${name}`;
    return {
        properties: Object.fromEntries(names.map((name) => [prefixed(name), properties[name]])),
        // Keys of other packages, for example kubernetes:…, are not checked.
        patternProperties: { [`^${project}:(?!(${names.join("|")})$)`]: false },
        required: required.map(prefixed),
    };
}

function plain(schema: z.ZodType): JsonSchema {
    return z.toJSONSchema(schema, {
        io: "input",
        unrepresentable: "any",
        override({ zodSchema, jsonSchema }) {
            const { secret, mayBeSecret } = jsonSchema;
            explainDefault(jsonSchema);
            if (isCoerced(zodSchema)) widen(jsonSchema, { type: "number" });
            if (jsonSchema.type === "string" && (secret !== undefined || mayBeSecret)) widen(jsonSchema, SECURE);
            // Secrets are set by a command later, so a stack file without them must be valid.
            if (jsonSchema.required && zodSchema instanceof z.ZodObject)
                jsonSchema.required = jsonSchema.required.filter(
                    (name) => secrecy(zodSchema.shape[name] as z.ZodType).secret === undefined,
                );
        },
    }) as JsonSchema;
}

/**
 * Moves the reason for a default into the description, where editors show it, and removes fields that editors do not
 * know.
 */
function explainDefault(schema: JsonSchema): void {
    const { unset, reason } = schema;
    for (const ours of ["unset", "reason", "secret", "mayBeSecret"]) delete schema[ours];
    if (unset !== undefined) schema.description = `${schema.description} Default: ${unset}.`;
    if (reason !== undefined) schema.description = `${schema.description} Reason for the default: ${reason}`;
}

/** Whether a schema for strings also accepts numbers. */
function isCoerced(schema: z.core.$ZodType): boolean {
    return schema instanceof z.ZodString && schema.def.coerce === true;
}

/** Changes a schema so that it also accepts values of a second schema. */
function widen(schema: JsonSchema, other: JsonSchema): void {
    const { description, examples, default: preset, ...rest } = { ...schema };
    for (const name of Object.keys(schema)) delete schema[name];
    Object.assign(schema, {
        ...(description === undefined ? {} : { description }),
        ...(examples === undefined ? {} : { examples }),
        ...(preset === undefined ? {} : { default: preset }),
        anyOf: [rest, other],
    });
}
