import { withServices } from './with-services'

/** Applies database migrations. */
export async function migrate(): Promise<void> {
  await withServices(({ config }) => {
    process.stdout.write(`The database ${config.database.url} is up to date\n`)
    return Promise.resolve()
  })
}
