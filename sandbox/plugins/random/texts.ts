import { hash } from "@node-rs/bcrypt";
import { type Input, keepers, type Made, type ResourceType, type Values, withDefaults } from "./resource-type";
import { alphabet, randomString, type StringSettings } from "./strings";

const stringInputs: Record<string, Input> = {
    keepers,
    length: { kind: "whole number", required: true },
    upper: { kind: "true or false", default: true },
    minUpper: { kind: "whole number", default: 0 },
    lower: { kind: "true or false", default: true },
    minLower: { kind: "whole number", default: 0 },
    number: { kind: "true or false" },
    numeric: { kind: "true or false" },
    minNumeric: { kind: "whole number", default: 0 },
    special: { kind: "true or false", default: true },
    minSpecial: { kind: "whole number", default: 0 },
    overrideSpecial: { kind: "string" },
};

/** `number` is the old name of `numeric`: each has the value of the other. */
function planString(given: Values): Values {
    const planned = withDefaults(stringInputs, given);
    const numeric = planned.numeric ?? planned.number ?? true;
    return { ...planned, number: numeric, numeric };
}

const settingsOf = (planned: Values) => planned as unknown as StringSettings;

/** The provider's own message for `length`, from its tests. */
function stringProblems(given: Values): { property: string; problem: string }[] {
    const planned = planString(given);
    const settings = settingsOf(planned);
    const minima = settings.minUpper + settings.minLower + settings.minNumeric + settings.minSpecial;
    const wrong = (property: string, problem: string) => ({ property, problem });
    const found = [];
    if (settings.length < 1) {
        found.push(
            wrong(
                "length",
                `Invalid Attribute Value. Attribute length value must be at least 1, got: ${settings.length}`,
            ),
        );
    } else if (settings.length < minima) {
        found.push(
            wrong(
                "length",
                "Invalid Attribute Value. Attribute length value must be at least sum of " +
                    `min_upper + min_lower + min_numeric + min_special, got: ${settings.length}`,
            ),
        );
    }
    if (typeof given.number === "boolean" && typeof given.numeric === "boolean" && given.number !== given.numeric) {
        found.push(
            wrong(
                "numeric",
                "Number and numeric are both configured with different values. Number is deprecated, use numeric instead",
            ),
        );
    }
    // From here on the released provider crashes or writes invalid text, which is not emulated.
    if (Object.entries(settings).some(([name, value]) => name.startsWith("min") && (value as number) < 0)) {
        found.push(wrong("length", "The minima must be at least 0"));
    } else if (alphabet(settings) === "" && settings.length > minima) {
        found.push(wrong("length", "At least one of upper, lower, numeric and special must be true"));
    }
    if (/[^\x20-\x7e]/.test(settings.overrideSpecial ?? "")) {
        found.push(wrong("overrideSpecial", "Characters other than printable ASCII are unsupported by the sandbox"));
    }
    return found;
}

function importString(text: string): Values {
    const on = { upper: true, lower: true, number: true, numeric: true, special: true };
    return { length: Buffer.byteLength(text), ...on, minUpper: 0, minLower: 0, minNumeric: 0, minSpecial: 0 };
}

/** Cost and prefix of Go's bcrypt, which the provider does not change. 2y is the same version under another name. */
const passwordComputed = async (result: string): Promise<Made> => ({
    id: "none",
    computed: { id: "none", result, bcryptHash: (await hash(result, 10)).replace(/^\$2[aby]\$/, "$$2a$$") },
});

const stringComputed = (result: string): Made => ({ id: result, computed: { id: result, result } });

export const password: ResourceType = {
    inputs: stringInputs,
    computed: ["id", "result", "bcryptHash"],
    secrets: ["result", "bcryptHash"],
    schemaVersion: "3",
    problems: stringProblems,
    plan: planString,
    make: (planned) => passwordComputed(randomString(settingsOf(planned))),
    import: (text) => ({ planned: importString(text), made: passwordComputed(text) }),
};

export const string: ResourceType = {
    inputs: stringInputs,
    computed: ["id", "result"],
    secrets: [],
    schemaVersion: "2",
    problems: stringProblems,
    plan: planString,
    make: (planned) => stringComputed(randomString(settingsOf(planned))),
    import: (text) => ({ planned: importString(text), made: stringComputed(text) }),
};
