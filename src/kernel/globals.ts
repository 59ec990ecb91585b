/**
 * C types of global variables. Kernel BTF types functions and per-CPU variables, but no other global: this is the one
 * place that says what they are (sources: the file that defines each). A name that the kernel's symbol table lacks, or
 * whose type its BTF lacks, is not offered.
 */
export const globalTypes: Readonly<Record<string, string>> = {
  // init/
  init_task: 'struct task_struct',
  init_mm: 'struct mm_struct',
  init_nsproxy: 'struct nsproxy',
  init_pid_ns: 'struct pid_namespace',
  init_user_ns: 'struct user_namespace',
  init_uts_ns: 'struct uts_namespace',
  init_cgroup_ns: 'struct cgroup_namespace',
  init_net: 'struct net',
  init_css_set: 'struct css_set',
  saved_command_line: 'char *',
  linux_banner: 'char *',
  // kernel/bpf/
  map_idr: 'struct idr',
  prog_idr: 'struct idr',
  link_idr: 'struct idr',
  btf_idr: 'struct idr',
  bpf_kallsyms: 'struct list_head',
  // kernel/sched/
  scx_root: 'struct scx_sched *',
  scx_tasks: 'struct list_head',
  scx_watchdog_timeout: 'unsigned long',
  scx_watchdog_timestamp: 'unsigned long',
  scx_enable_state_var: 'atomic_t',
  def_root_domain: 'struct root_domain',
  root_task_group: 'struct task_group',
  sysctl_sched_base_slice: 'unsigned int',
  sched_domains_numa_levels: 'int',
  // kernel/
  modules: 'struct list_head',
  cgrp_dfl_root: 'struct cgroup_root',
  jiffies_64: 'u64',
  jiffies: 'unsigned long',
  nr_threads: 'int',
  total_forks: 'unsigned long',
  panic_cpu: 'atomic_t',
  oops_in_progress: 'int',
  workqueues: 'struct list_head',
  prb: 'struct printk_ringbuffer *',
  // lib/, mm/, arch/x86/
  __cpu_possible_mask: 'struct cpumask',
  __cpu_online_mask: 'struct cpumask',
  __cpu_present_mask: 'struct cpumask',
  __cpu_active_mask: 'struct cpumask',
  nr_cpu_ids: 'unsigned int',
  page_offset_base: 'unsigned long',
  vmalloc_base: 'unsigned long',
  vmemmap_base: 'unsigned long',
  phys_base: 'unsigned long',
  boot_cpu_data: 'struct cpuinfo_x86',
  boot_params: 'struct boot_params',
  slab_caches: 'struct list_head',
  vm_stat: 'atomic_long_t[10]',
  totalram_pages: 'atomic_long_t',
  _totalram_pages: 'atomic_long_t',
  max_pfn: 'unsigned long',
  tk_core: 'struct tk_data',
  timekeeper_lock: 'raw_spinlock_t',
  // fs/, net/
  file_systems: 'struct file_system_type *',
  super_blocks: 'struct list_head',
  net_namespace_list: 'struct list_head',
}
