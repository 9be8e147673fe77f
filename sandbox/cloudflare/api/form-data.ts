/** Reads and writes bodies of type multipart/form-data, which clients send to upload Workers. */
import { ApiError } from "./answer";

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
        throw new ApiError(400, 9207, "Request body is invalid: must be multipart/form-data.");
    }
}

const BOUNDARY = "sandbox-0a1b2c3d4e5f";
export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

export const writeForm = ({ name, type, text }: FormPart & { name: string }): string =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: ${type}\r\n\r\n${text}\r\n--${BOUNDARY}--\r\n`;
