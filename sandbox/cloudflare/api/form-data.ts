/** Reads and writes bodies of type multipart/form-data, which clients send to upload Workers. */
import { randomBytes } from "node:crypto";
import { refused } from "./answer";

export interface FormPart {
    type: string;
    text: string;
}

/** Returns the parts of a body by their names. */
export async function readForm(contentType: string, body: Buffer): Promise<Map<string, FormPart>> {
    try {
        const form = await new Response(new Uint8Array(body), { headers: { "Content-Type": contentType } }).formData();
        const parts = [...form].map(async ([name, part]): Promise<[string, FormPart]> => [
            name,
            typeof part === "string"
                ? { type: "application/json", text: part }
                : { type: part.type, text: await part.text() },
        ]);
        return new Map(await Promise.all(parts));
    } catch {
        throw refused(9207, "Request body is invalid: must be multipart/form-data.");
    }
}

/** Renders a form with a random boundary. */
export function writeForm(parts: (FormPart & { name: string })[]): { contentType: string; body: string } {
    const boundary = randomBytes(16).toString("hex");
    const written = parts.map(
        ({ name, type, text }) =>
            `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`,
    );
    return { contentType: `multipart/form-data; boundary=${boundary}`, body: `${written.join("")}--${boundary}--\r\n` };
}
