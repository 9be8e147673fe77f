/**
 * Advice on an object with the name of another stack of this project. It may belong to this stack under an earlier
 * name, so the advice never starts with deleting it.
 * @param name name of the object at Cloudflare
 * @param owner name of the running stack, `<project>/<stack>`
 */
export function anotherStack(name: string | undefined, owner: string): { stack: string; advice: string } | undefined {
    const project = owner.slice(0, owner.indexOf("/") + 1);
    if (!name?.startsWith(project) || name === owner) return undefined;
    const stack = name.slice(project.length);
    return {
        stack,
        advice: `If that was this stack's earlier name, rename this stack back: pulumi stack rename ${stack}.`,
    };
}
