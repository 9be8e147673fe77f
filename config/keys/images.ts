import * as z from "zod";
import { DEFAULT_TAG } from "../../components/apisix/version";
import { got } from "../problems";
import { pinned } from "../values";

const REPOSITORY = /^[a-z0-9]+([._-]+[a-z0-9]+)*(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;

/** Repository of an image: its registry, unless that is Docker Hub, and its name. */
export const imageRepository = z.string().refine((name) => REPOSITORY.test(name), {
    error: (i) => `must be an image without tag and digest, for example registry.example.com/apisix${got(i.input)}`,
});

const tagForm = (i: { input?: unknown }) =>
    `must be a tag, for example ${DEFAULT_TAG}; a digest goes into the key digest${got(i.input)}`;

/** Tag of an image, which may be `latest`. */
export const anyTag = z.string().refine((tag) => TAG.test(tag), { error: tagForm });

/** Tag of an image with one version, never `latest`. */
export const imageTag = pinned.refine((tag) => !pinned.safeParse(tag).success || TAG.test(tag), { error: tagForm });

/** Key `digest` of an image. */
export const imageDigest = z
    .string()
    .refine((digest) => /^sha256:[0-9a-f]{64}$/.test(digest), {
        error: (i) => `must be sha256: and 64 hexadecimal digits in lower case${got(i.input)}`,
    })
    .optional()
    .meta({
        description:
            "Digest of the image: with a digest, the image stays the same even if the tag later names another image.",
        examples: [`sha256:${"0".repeat(64)}`],
        unset: "not set; only the tag selects the image",
    });

interface Pinned {
    tag: string;
    digest?: string;
}

/** Tag and digest in one text, which charts accept in their field for the tag. */
function tagOf({ tag, digest }: Pinned): string {
    return digest === undefined ? tag : `${tag}@${digest}`;
}

/** Repository and tag, from which charts and pods build an image reference. */
export function imageOf({ repository, ...pin }: Pinned & { repository: string }): { repository: string; tag: string } {
    return { repository, tag: tagOf(pin) };
}

/** The full image reference. */
export function imageName({ repository, tag, digest }: Partial<Pinned> & { repository: string }): string {
    return [repository, tag && `:${tag}`, digest && `@${digest}`].filter(Boolean).join("");
}
