! SPDX-License-Identifier: BSD-3-Clause
! State in each place where Fortran keeps it between two calls, for test_fortran.py.
module gas
  implicit none
  real(8) :: time = 0
  integer :: count = 3
  logical :: warm = .false.
  real(8) :: walls(2, 3) = 1
  real(8), allocatable :: density(:, :)
  integer, allocatable :: cells(:)
  real(8), allocatable, private :: hidden(:)
  real(8), target, private :: one = 1.5d0, two = 2.5d0
  real(8), pointer, private :: chosen => null()
contains
  subroutine start(n)
    integer, intent(in) :: n
    allocate(density(0:n, -1:1))
    density = 1
  end subroutine
  subroutine step()
    integer, save :: calls = 0
    calls = calls + 1
    time = time + 0.5d0 * calls
    warm = .not. warm
    chosen => one
    if (warm) chosen => two
    walls(2, 1) = walls(2, 1) + time
    if (allocated(density)) density(0, -1) = density(0, -1) * 1.5d0 + calls + chosen
    if (allocated(cells)) cells = cells + calls
  end subroutine
  subroutine hide()
    allocate(hidden(3))
  end subroutine
end module

subroutine draw(x)
  integer, intent(out) :: x
  integer :: seed
  real(8) :: grid(100)
  common /dice/ grid, seed
  seed = mod(seed * 1103 + 12345, 65536)
  grid(mod(seed, 100) + 1) = seed
  x = seed
end subroutine

subroutine tell(i)
  integer, intent(in) :: i
  write(*, '(a,i0)') 'told ', i
end subroutine

subroutine keep_log()
  open(unit=10, file='gas.log', status='replace')
end subroutine


subroutine throw(x)
  real(8), intent(out) :: x
  call random_number(x)
end subroutine

subroutine repeatable()
  integer :: seed(64)
  seed = 7
  call random_seed(put=seed)
end subroutine

subroutine total(x, all)
  real(8), intent(in) :: x(4)
  !f2py real(8), optional, dimension(4), intent(in) :: x = 2.5
  real(8), intent(out) :: all
  all = sum(x)
end subroutine
