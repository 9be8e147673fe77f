/**
 * Download addresses of released programs, for each recipe whose programs are released. Programs of other recipes are built:
 * KubeRay releases its operator only as a container image, and Kubernetes its control plane only for Linux.
 */
import { sdkVersion } from "../launchers";
import versions from "../versions.json";
import { PINNED } from "./checksums";

/** Where the checksum of a file comes from. */
export type Checksum =
    /** A checksum from checksums.ts, in the form `sha256:…` or `sha512:…`. */
    | { pinned: string }
    /** URL of a list of SHA-256 sums and file names, which is published with the release. */
    | { list: string }
    /** URL of the release in GitHub's API, which has the SHA-256 of each file. */
    | { github: string };

/** One file of a release. */
export interface Download {
    url: string;
    checksum: Checksum;
    /** Name of the program, if the file is not an archive but the program itself. */
    program?: string;
    /** Set if the file is an archive. Keys: names of the extracted files; values: paths in the archive. */
    members?: Record<string, string>;
}

export interface Release {
    version: string;
    downloads: Download[];
}

export interface Platform {
    os: "linux" | "darwin";
    arch: "amd64" | "arm64";
}

/**
 * The operating system and architecture of this machine, spelled as in the file names of releases; undefined if no
 * program is released for them.
 */
export function thisPlatform({ platform, arch }: Pick<NodeJS.Process, "platform" | "arch">): Platform | undefined {
    const released = { x64: "amd64", arm64: "arm64" } as const;
    if ((platform !== "linux" && platform !== "darwin") || !(arch in released)) return undefined;
    return { os: platform, arch: released[arch as keyof typeof released] };
}

const github = (repository: string, tag: string) => `https://github.com/${repository}/releases/download/${tag}`;

/** The checksum of a file in checksums.ts. @throws Error if it has none, for example for a new version */
function pinned(file: string): Checksum {
    if (PINNED[file] === undefined) throw new Error(`${file} has no checksum in releases/checksums.ts. Add it.`);
    return { pinned: PINNED[file] };
}

function provider(name: string, { os, arch }: Platform): Download {
    const version = sdkVersion(name);
    const base = github(`pulumi/pulumi-${name}`, `v${version}`);
    return {
        url: `${base}/pulumi-resource-${name}-v${version}-${os}-${arch}.tar.gz`,
        checksum: { list: `${base}/pulumi-${name}_${version}_checksums.txt` },
        members: { [`pulumi-resource-${name}`]: `pulumi-resource-${name}` },
    };
}

/** Pulumi with its language host, and the providers whose emulators are used only if no release can be downloaded. */
function pulumi(platform: Platform): Release {
    const version = versions.pulumi;
    const base = github("pulumi/pulumi", `v${version}`);
    const arch = platform.arch === "amd64" ? "x64" : "arm64";
    const programs = ["pulumi", "pulumi-language-nodejs"];
    const cli: Download = {
        url: `${base}/pulumi-v${version}-${platform.os}-${arch}.tar.gz`,
        checksum: { list: `${base}/pulumi-${version}-checksums.txt` },
        members: Object.fromEntries(programs.map((name) => [name, `pulumi/${name}`])),
    };
    return { version, downloads: [cli, provider("random", platform), provider("command", platform)] };
}

function kubernetesProvider(platform: Platform): Release {
    return { version: sdkVersion("kubernetes"), downloads: [provider("kubernetes", platform)] };
}

function etcd({ os, arch }: Platform): Release {
    const version = versions.etcd;
    const base = github("etcd-io/etcd", `v${version}`);
    const folder = `etcd-v${version}-${os}-${arch}`;
    const url = `${base}/${folder}.${os === "linux" ? "tar.gz" : "zip"}`;
    return {
        version,
        downloads: [{ url, checksum: { list: `${base}/SHA256SUMS` }, members: { etcd: `${folder}/etcd` } }],
    };
}

function kubernetes({ os, arch }: Platform): Release | undefined {
    if (os !== "linux") return undefined;
    const version = versions.kubernetes;
    const file = `v${version}/kubernetes-server-${os}-${arch}.tar.gz`;
    const programs = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
    const members = Object.fromEntries(programs.map((name) => [name, `kubernetes/server/bin/${name}`]));
    return { version, downloads: [{ url: `https://dl.k8s.io/${file}`, checksum: pinned(file), members }] };
}

function kwok({ os, arch }: Platform): Release {
    const version = versions.kwok;
    const repository = "kubernetes-sigs/kwok";
    const url = `${github(repository, `v${version}`)}/kwok-${os}-${arch}`;
    const checksum = { github: `https://api.github.com/repos/${repository}/releases/tags/v${version}` };
    return { version, downloads: [{ url, checksum, program: "kwok" }] };
}

function helm({ os, arch }: Platform): Release {
    const version = versions.helm;
    const file = `helm-v${version}-${os}-${arch}.tar.gz`;
    const download = { url: `https://get.helm.sh/${file}`, checksum: pinned(file) };
    return { version, downloads: [{ ...download, members: { helm: `${os}-${arch}/helm` } }] };
}

const RELEASES = { pulumi, "kubernetes-provider": kubernetesProvider, etcd, kubernetes, kwok, helm };

/** The release of a recipe's programs for a platform; undefined if there is none. */
export function releaseOf(recipe: string, platform: Platform): Release | undefined {
    return recipe in RELEASES ? RELEASES[recipe as keyof typeof RELEASES](platform) : undefined;
}
