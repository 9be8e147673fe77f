/** Default settings of a stack's guard, for a model called `default`. */
export const GUARD = {
    maxBodyBytes: 65_536,
    contextTokens: 1024,
    vocabulary: 50_265,
    maxPrompts: 4,
    defaultModel: "default",
};
