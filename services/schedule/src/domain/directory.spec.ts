import { specFor } from '@talon/testing';
import { departmentDecider, type DepartmentEvent } from './department';
import { doctorDecider, type DoctorEvent } from './doctor';
import { hospitalDecider, type HospitalEvent } from './hospital';

describe('a hospital', () => {
  const { given } = specFor(hospitalDecider);
  const settings = { name: 'Clínico', zone: 'Europe/Madrid', bookingsPerPatientDayMax: 1, holdMinutes: 5 };
  const data = { hospitalId: 'h1', ...settings, requestHash: 'r' };
  const added: HospitalEvent = { type: 'HospitalAdded', data };
  const christmas: HospitalEvent = { type: 'HolidayAdded', data: { hospitalId: 'h1', date: '2026-12-25', name: 'Christmas' } };

  it('is added once per key', () => {
    given().when({ type: 'AddHospital', data }).then(added);
    given(added).when({ type: 'AddHospital', data }).then();
    given(added).when({ type: 'AddHospital', data: { ...data, requestHash: 'other' } }).thenRefused('schedule/key-reused');
  });
  it('records a change with every setting, and nothing for equal values', () => {
    given(added).when({ type: 'ChangeHospital', data: { hospitalId: 'h1', holdMinutes: 10 } }).then({
      type: 'HospitalChanged', data: { hospitalId: 'h1', ...settings, holdMinutes: 10 },
    });
    given(added).when({ type: 'ChangeHospital', data: { hospitalId: 'h1', ...settings } }).then();
    given(added).when({ type: 'ChangeHospital', data: { hospitalId: 'h1' } }).then();
    given().when({ type: 'ChangeHospital', data: { hospitalId: 'h1' } }).thenRefused('schedule/hospital-not-found');
  });
  it('has holidays, one per day', () => {
    given(added).when({ type: 'AddHoliday', data: christmas.data as never }).then(christmas);
    given(added, christmas).when({ type: 'AddHoliday', data: christmas.data as never }).then();
    given(added, christmas).when({ type: 'RemoveHoliday', data: { hospitalId: 'h1', date: '2026-12-25' } }).then({
      type: 'HolidayRemoved', data: { hospitalId: 'h1', date: '2026-12-25' },
    });
    given(added).when({ type: 'RemoveHoliday', data: { hospitalId: 'h1', date: '2026-12-25' } }).thenRefused('schedule/holiday-not-found');
  });
  it('has at most 1,000 holidays', () => {
    const holidays = Array.from({ length: 1_000 }, (_, index): HospitalEvent => ({ type: 'HolidayAdded', data: { hospitalId: 'h1', date: `day ${index}`, name: 'x' } }));
    const another = { hospitalId: 'h1', date: '2026-12-25', name: 'Christmas' };
    given(added, ...holidays.slice(1)).when({ type: 'AddHoliday', data: another }).then({ type: 'HolidayAdded', data: another });
    given(added, ...holidays).when({ type: 'AddHoliday', data: another }).thenRefused('schedule/times-invalid');
  });
});

describe('a department', () => {
  const { given } = specFor(departmentDecider);
  const data = { departmentId: 'd1', hospitalId: 'h1', name: 'Cardiology', specialty: null, requestHash: 'r' };
  const added: DepartmentEvent = { type: 'DepartmentAdded', data };
  it('is added once per key', () => {
    given().when({ type: 'AddDepartment', data }).then(added);
    given(added).when({ type: 'AddDepartment', data }).then();
    given(added).when({ type: 'AddDepartment', data: { ...data, requestHash: 'other' } }).thenRefused('schedule/key-reused');
  });
  it('records a change, and nothing for equal values', () => {
    given(added).when({ type: 'ChangeDepartment', data: { departmentId: 'd1', specialty: 'heart' } }).then({
      type: 'DepartmentChanged', data: { departmentId: 'd1', hospitalId: 'h1', name: 'Cardiology', specialty: 'heart' },
    });
    given(added).when({ type: 'ChangeDepartment', data: { departmentId: 'd1', name: 'Cardiology', specialty: null } }).then();
    given().when({ type: 'ChangeDepartment', data: { departmentId: 'd1' } }).thenRefused('schedule/department-not-found');
  });
});

describe('a doctor', () => {
  const { given } = specFor(doctorDecider);
  const data = { doctorId: 'o1', hospitalId: 'h1', departmentId: 'd1', name: 'Ana Ruiz', specialty: 'heart', requestHash: 'r' };
  const added: DoctorEvent = { type: 'DoctorAdded', data };
  it('is added once per key', () => {
    given().when({ type: 'AddDoctor', data }).then(added);
    given(added).when({ type: 'AddDoctor', data }).then();
    given(added).when({ type: 'AddDoctor', data: { ...data, requestHash: 'other' } }).thenRefused('schedule/key-reused');
  });
  it('moves to another department and can lose a speciality', () => {
    given(added).when({ type: 'ChangeDoctor', data: { doctorId: 'o1', departmentId: 'd2', specialty: null } }).then({
      type: 'DoctorChanged', data: { doctorId: 'o1', hospitalId: 'h1', departmentId: 'd2', name: 'Ana Ruiz', specialty: null },
    });
    given(added).when({ type: 'ChangeDoctor', data: { doctorId: 'o1', departmentId: 'd1' } }).then();
    given().when({ type: 'ChangeDoctor', data: { doctorId: 'o1' } }).thenRefused('schedule/doctor-not-found');
  });
});
