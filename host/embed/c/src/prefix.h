/* Included before everything else by the Makefile: what the parts of the library share has the
 * library's prefix for the linker, so that it is in nobody's way. */

#ifndef SCIMLET_PREFIX_H
#define SCIMLET_PREFIX_H

#define allocated scimlet_own_allocated
#define application_asked scimlet_own_application_asked
#define cache_file scimlet_own_cache_file
#define cache_keep scimlet_own_cache_keep
#define call_limits_of_all scimlet_own_call_limits_of_all
#define code_acquired scimlet_own_code_acquired
#define code_of scimlet_own_code_of
#define code_released scimlet_own_code_released
#define code_tick scimlet_own_code_tick
#define copied scimlet_own_copied
#define copied_text scimlet_own_copied_text
#define grown scimlet_own_grown
#define imported_functions scimlet_own_imported_functions
#define imported_functions_count scimlet_own_imported_functions_count
#define instance_imported scimlet_own_instance_imported
#define is_private scimlet_own_is_private
#define is_utf8 scimlet_own_is_utf8
#define kept_acquire scimlet_own_kept_acquire
#define kept_delete scimlet_own_kept_delete
#define kept_new scimlet_own_kept_new
#define kept_release scimlet_own_kept_release
#define name_is scimlet_own_name_is
#define name_of scimlet_own_name_of
#define parameter_of scimlet_own_parameter_of
#define pool_call scimlet_own_pool_call
#define pool_close scimlet_own_pool_close
#define pool_open scimlet_own_pool_open
#define port_close scimlet_own_port_close
#define rates_admit scimlet_own_rates_admit
#define rates_delete scimlet_own_rates_delete
#define rates_has_limit scimlet_own_rates_has_limit
#define rates_new scimlet_own_rates_new
#define rates_settle scimlet_own_rates_settle
#define rows_dropped scimlet_own_rows_dropped
#define rows_taken scimlet_own_rows_taken
#define say scimlet_own_say
#define value_bytes scimlet_own_value_bytes
#define value_case scimlet_own_value_case
#define value_done scimlet_own_value_done
#define value_err scimlet_own_value_err
#define value_field scimlet_own_value_field
#define value_from_json scimlet_own_value_from_json
#define value_integer scimlet_own_value_integer
#define value_list scimlet_own_value_list
#define value_ok scimlet_own_value_ok
#define value_string scimlet_own_value_string
#define value_text scimlet_own_value_text
#define value_to_json scimlet_own_value_to_json
#define values_from_json scimlet_own_values_from_json
#define wasmtime_said scimlet_own_wasmtime_said

#endif
