import path from 'node:path';
export const handler = async (event) => path.join('es', 'module');
