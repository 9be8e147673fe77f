// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** Limits the wait for an answer. @throws Error with the limit when it is exceeded */
export async function answerWithin<T>(seconds: number, answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer in ${seconds} s`)), seconds * 1000);
    });
    try {
        return await Promise.race([answer, late]);
    } finally {
        clearTimeout(timer);
    }
}
