import { contentHash } from '@talon/kernel';
import type { ScheduleRow } from '../domain/schedule-file';
import type { Api } from './ports';

interface Named {
  name: string;
}
export interface Ids {
  departmentId: string;
  doctorId: string;
}

/**
 * Finds hospitals, departments and doctors by name, or creates them. The platform is asked once for each, however many rows ask at the same
 * time; keys derive from names, so a repeat finds what an earlier run created even before the lists show it.
 */
export class Directory {
  private readonly lists = new Map<string, Promise<Map<string, string>>>();
  private readonly found = new Map<string, Promise<string>>();

  constructor(private readonly api: Api) {}

  /** The row's department and doctor, created where they are missing. */
  async resolve({ hospital, zone, department, doctor, specialty }: ScheduleRow): Promise<Ids> {
    const hospitalId = await this.findOrCreate('hospital', hospital, '', { name: hospital, zone });
    const departmentId = await this.findOrCreate('department', department, hospitalId, { hospitalId, name: department, specialty });
    const doctorId = await this.findOrCreate('doctor', doctor, departmentId, { hospitalId, departmentId, name: doctor, specialty });
    return { departmentId, doctorId };
  }

  /** The row's department and doctor if both exist already; creates nothing. */
  async existing({ hospital, department, doctor }: ScheduleRow): Promise<Ids | undefined> {
    const hospitalId = (await this.list('hospital', '')).get(hospital);
    const departmentId = hospitalId && (await this.list('department', hospitalId)).get(department);
    const doctorId = departmentId && (await this.list('doctor', departmentId)).get(doctor);
    return departmentId && doctorId ? { departmentId, doctorId } : undefined;
  }

  private findOrCreate(kind: Kind, name: string, parentId: string, body: object): Promise<string> {
    return remembered(this.found, JSON.stringify([kind, parentId, name]), async () => {
      const known = (await this.list(kind, parentId)).get(name);
      if (known) return known;
      const key = `import:${contentHash([kind, parentId, name])}`;
      return (await this.api.must<Record<string, string>>({ method: 'POST', path: `/v1/${kind}s`, key, body }))[`${kind}Id`]!;
    });
  }

  private list(kind: Kind, parentId: string): Promise<Map<string, string>> {
    const filter = { hospital: '', department: `?hospital=${parentId}`, doctor: `?department=${parentId}` }[kind];
    return remembered(this.lists, `${kind} ${parentId}`, async () => {
      const items = await this.api.list<Named & Record<string, string>>(`/v1/${kind}s${filter}`);
      return new Map(items.map((item) => [item.name, item[`${kind}Id`]!]));
    });
  }
}

type Kind = 'hospital' | 'department' | 'doctor';

function remembered<V>(map: Map<string, Promise<V>>, key: string, make: () => Promise<V>): Promise<V> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
