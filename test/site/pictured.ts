/** The pictures of docs/images. Next to each picture is a file with the text from which it was drawn. */
import { join } from "node:path";
import { parseDocument } from "yaml";
import { ROOT } from "../side-by-side";

/** Name of a picture without its extension. */
export type PictureName = "sandbox" | "review-comment" | PreviewName;
type PreviewName = "preview-limit" | "preview-timeout";

export const IMAGES = join(ROOT, "docs/images");

/** File with the text of a picture: the shortened output of the commands, without paths of a machine. */
export const textFile = (name: PictureName): string => join(IMAGES, `${name}.txt`);

/** Folder of the sandbox, as the pictures show it. */
export const SHOWN_FOLDER = "~/alpa-auth/.sandbox";

/** Limits of the first caller before the reviewed change. */
export const LIMITS = { requests: 60, perSeconds: 60 };
/** A caller that the reviewed change removes. */
export const REMOVED = "team-b";

const CONSUMERS = ["config", "alpa-auth:consumers"];

/** Changes of a stack file whose previews are shown. Each value belongs to a key of the first caller, or of the stack. */
export const PREVIEWS: Record<PreviewName, (text: string) => string> = {
    "preview-limit": (text) => {
        const document = parseDocument(text);
        document.setIn([...CONSUMERS, 0, "limits", "requests"], 30);
        return document.toString();
    },
    "preview-timeout": (text) => {
        const document = parseDocument(text);
        document.setIn(["config", "alpa-auth:alpa", "answerTimeoutSeconds"], 300);
        return document.toString();
    },
};

/** The reviewed change of a stack file: one caller is removed, team-c is added, and the first one gets lower limits. */
export function changed(text: string): string {
    const document = parseDocument(text);
    const [first] = (document.toJS() as { config: Record<string, object[]> }).config[CONSUMERS[1]];
    document.setIn(CONSUMERS, [
        { ...first, limits: { ...LIMITS, requests: 30 } },
        { name: "team-c", credentials: [{ id: "first", method: "key" }] },
    ]);
    return document.toString();
}
