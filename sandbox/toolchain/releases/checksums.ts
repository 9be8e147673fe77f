/**
 * Checksums of released files, for projects that publish checksums at another place than the files. A new version in
 * versions.json needs new lines here; unit tests fail and name the missing lines.
 *
 * - Helm: the release notes, https://github.com/helm/helm/releases/tag/v3.19.5
 * - Kubernetes: CHANGELOG/CHANGELOG-1.34.md in github.com/kubernetes/kubernetes, "Downloads for v1.34.4"
 *
 * Pulumi, its providers and etcd publish a list of checksums only with each release, and for kwok's programs only GitHub has
 * checksums: see table.ts. A checksum from the same place as the file detects a damaged download, but not a release that was
 * replaced together with its checksum.
 */
export const PINNED: Readonly<Record<string, string>> = {
    "helm-v3.19.5-darwin-amd64.tar.gz": "sha256:57f4a847c349382b7cc742a6434ef25f88f0928a113d8cf49084b464878ef0b9",
    "helm-v3.19.5-darwin-arm64.tar.gz": "sha256:195e24e587f423f15a78feebab04583ceee68323598575a0e8b3b11b43fd26fe",
    "helm-v3.19.5-linux-amd64.tar.gz": "sha256:a0a5e8c592ed3f376ac110715eff214730c7422f9a44d96cf98117d2b8b0e6c0",
    "helm-v3.19.5-linux-arm64.tar.gz": "sha256:ce02147ffee6d993bf8ae97a44a22e9e1daf0b69d2d5b69a0c8cf6706445ccf5",
    "v1.34.4/kubernetes-server-linux-amd64.tar.gz":
        "sha512:65c75e81e3ea488f6d42b493cad64d7577ddfa1e5372037a1c841ac069039997d359b5b2f2d44e7665bf04c48ed0065cf9d4c9801b1e63bb6a1b099ef00d4863",
    "v1.34.4/kubernetes-server-linux-arm64.tar.gz":
        "sha512:a1fad7060ed67b5634f32f3256a295179dd887dab5c82b8550c2eb62c69df34cfbb311c8f93e7608d558eba32b9e2ddc23976db39e512fd747cc6bf9b4c1765f",
};
