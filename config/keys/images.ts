import * as z from "zod";
import { DEFAULT_TAG } from "../../components/apisix/version";
import { must } from "../problems";
import { isPinned } from "../values";

const PART = "[a-z0-9]+([._-]+[a-z0-9]+)*";
const FORM = new RegExp(`^(${PART}(:\\d+)?(/${PART})*):(\\w[\\w.-]{0,127}(@sha256:[0-9a-f]{64})?)$`);

/** An image, as `repository:tag` or `repository:tag@sha256:…`. Without a digest, the tag must name one version. */
export const image = z
    .string()
    .refine(
        (name) => FORM.test(name),
        must(`be repository:tag or repository:tag@sha256:<digest>, for example apache/apisix:${DEFAULT_TAG}`),
    )
    .refine(
        (name) => !FORM.test(name) || name.includes("@") || isPinned(imageParts(name).tag),
        must("have a pinned tag, never latest", "Name the version that you tested"),
    );

/** Repository and tag, from which charts and pods build an image reference. The tag contains the digest, if there is one. */
export function imageParts(name: string): { repository: string; tag: string } {
    const [, repository = name, , , , , tag = ""] = FORM.exec(name) ?? [];
    return { repository, tag };
}
