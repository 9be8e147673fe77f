// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/**
 * Message of an API server's error. A schema error, which quotes the schema, is shortened to the field and the problem.
 */
export function apiErrorMessage(error: unknown): string {
    const { body, message } = error as { body?: unknown; message?: string };
    let words = String(message).split("\n")[0];
    try {
        words = (typeof body === "string" ? JSON.parse(body) : body).message ?? words;
    } catch {
        // The error is not an answer of the API server, so its own message is used.
    }
    const lines = words.trim().split("\n");
    if (!lines.some((line) => line.startsWith("Failed validating "))) return lines.join("\n");
    const where = lines.find((line) => line.startsWith("On instance"));
    return [lines[0], where?.replace(/:$/, "")].filter(Boolean).join(" ");
}
